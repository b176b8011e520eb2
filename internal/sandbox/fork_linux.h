// A child that was forked before Go started.
#include <sys/types.h>

// alexnet_fork_for is the first argument of the command lines for which a child is forked, before Go starts. A program that
// does not define it forks none.
extern const char *alexnet_fork_for;

struct alexnet_forked {
  int is_child;          // in the child
  pid_t pid;             // in its parent; 0 without a child
  int to, from, output;  // the parent's ends: requests, responses, what the child prints
};

extern struct alexnet_forked alexnet_forked;
