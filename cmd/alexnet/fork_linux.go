package main

// The comment above import "C" is C code: see alexnet_fork_for in package sandbox. predict ends with its images, so that it
// would wait for a child that is started later.

// const char *alexnet_fork_for = "predict";
import "C"
