#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fork_linux.h"

const char *alexnet_fork_for __attribute__((weak)) = 0;

struct alexnet_forked alexnet_forked;

enum { response_fd = 3 };  // responseFD in wire.go

// above moves a file descriptor out of the range that the child gives other meanings.
static int above(int fd) {
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, response_fd + 1);
  close(fd);
  return moved;
}

// in_child gives the child its standard streams and responses, and puts it into a process group of its own: Ctrl-C is for
// the parent.
static void in_child(int in, int out, int output) {
  if (dup2(in, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || dup2(out, response_fd) < 0) _exit(1);
  setpgid(0, 0);
  setenv("TF_CPP_MIN_LOG_LEVEL", "3", 1);
  alexnet_forked.is_child = 1;
}

// fork_early runs before Go starts, when the process has loaded its libraries and has one thread: the child shares them
// and saves the time of loading them again, most of what starting a child takes. Go starts in each of the two afterwards.
// A failure leaves pid 0: the program starts a child when it needs one.
__attribute__((constructor)) static void fork_early(int argc, char **argv) {
  if (alexnet_fork_for == 0 || argc < 2 || strcmp(argv[1], alexnet_fork_for) != 0) return;
  int in[2], out[2];
  int output = memfd_create("output", MFD_CLOEXEC);
  if (output < 0) return;
  output = above(output);
  if (output < 0 || fcntl(output, F_SETFL, O_APPEND) < 0 || pipe2(in, O_CLOEXEC) < 0) {
    close(output);
    return;
  }
  if (pipe2(out, O_CLOEXEC) < 0) {
    close(output), close(in[0]), close(in[1]);
    return;
  }
  for (int i = 0; i < 2; i++) in[i] = above(in[i]), out[i] = above(out[i]);
  pid_t pid = in[0] < 0 || in[1] < 0 || out[0] < 0 || out[1] < 0 ? -1 : fork();
  if (pid == 0) {
    in_child(in[0], out[1], output);
    close(output), close(in[0]), close(in[1]), close(out[0]), close(out[1]);
    return;
  }
  close(in[0]), close(out[1]);
  if (pid < 0) {
    close(output), close(in[1]), close(out[0]);
    return;
  }
  fcntl(in[1], F_SETFL, O_NONBLOCK), fcntl(out[0], F_SETFL, O_NONBLOCK);
  alexnet_forked.pid = pid, alexnet_forked.to = in[1], alexnet_forked.from = out[0], alexnet_forked.output = output;
}
