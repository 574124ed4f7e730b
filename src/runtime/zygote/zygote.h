// What an interpreter calls to serve as a zygote, in C so that Python's ctypes and R can. Descriptor 3 is the launcher's socket.
//
//   mortise_zygote_begin("")               once everything is loaded; a text says why it cannot serve
//   while (mortise_zygote_next() == 0) {}  in the zygote; 1: this is a new worker; below 0: the launcher is gone
//   mortise_zygote_variable(0), (1) ...    in the worker: its environment, "NAME=value", until NULL
//
// When next() returns 1, the process is as confined as one that the launcher started to run a program: in its own cell, with its own
// user, limits, groups and root, descriptors 0 to 3, a cleared environment, and the filter. The interpreter then makes random
// states its own and runs the worker.
#pragma once

#include "mortise/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

// 0, or -1: the launcher was told `problem` or is gone.
MORTISE_EXPORT int mortise_zygote_begin(const char* problem);
MORTISE_EXPORT int mortise_zygote_next(void);
MORTISE_EXPORT const char* mortise_zygote_variable(int index);

#ifdef __cplusplus
}
#endif
