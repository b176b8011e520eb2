"""unpack-wheel.py WHEEL FOLDER extracts the C library, its headers and its notices from TensorFlow's Python wheel.

Of the 170 MB of headers only those are taken that tensorflow/c/c_api.h and tensorflow/c/eager/c_api.h include.
"""

import os
import re
import shutil
import sys
import zipfile

WANTED = re.compile(
    r"tensorflow/(?:"
    r"(?P<library>libtensorflow_(?:cc|framework)\.so\.2)"
    r"|(?P<other>THIRD_PARTY_NOTICES\.txt"
    r"|include/tensorflow/c/(?:eager/)?[^/]+\.h"
    r"|include/xla/tsl/c/[^/]+\.h"
    r"|include/(?:tensorflow/core|tsl)/platform/ctstring[^/]*\.h))"
)

# The linker reads this text in place of a library, so that -ltensorflow links both files.
LINKER_SCRIPT = "INPUT ( libtensorflow_cc.so.2 libtensorflow_framework.so.2 )\n"


def main(wheel, folder):
    library = os.path.join(folder, "lib")
    os.makedirs(library)
    with zipfile.ZipFile(wheel) as members:
        for name in members.namelist():
            match = WANTED.fullmatch(name)
            if match is None:
                continue
            path = os.path.join(library, match["library"]) if match["library"] else os.path.join(folder, match["other"])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with members.open(name) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    with open(os.path.join(library, "libtensorflow.so"), "w") as script:
        script.write(LINKER_SCRIPT)


main(*sys.argv[1:])
