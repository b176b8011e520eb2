/* Prints the version of the TensorFlow that it was linked with. That it compiles, links and runs shows that the
 * headers and the library fit together and hold the parts of the C API that this project stands on. */
#include <stdio.h>

#include "tensorflow/c/c_api.h"

typedef void (*function)(void);

static function const needed[] = {
    (function)TF_GraphImportGraphDef,
    (function)TF_AddGradientsWithPrefix,
    (function)TF_NewSession,
    (function)TF_SessionRun,
    (function)TF_NewTensor,
    (function)TF_AllocateTensor,
    (function)TF_DeleteTensor,
    (function)TF_LoadSessionFromSavedModel,
    (function)TF_NewServer,
};

int main(void) {
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
    if (!needed[i]) return 1;
  }
  return puts(TF_Version()) < 0;
}
