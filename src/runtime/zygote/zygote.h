// What an interpreter calls to serve as a zygote, in C so that Python's ctypes and R can. Descriptor 3 is the launcher's socket.
//
//   mortise_zygote_begin("")               once everything is loaded; a text says why it cannot serve
//   while (mortise_zygote_next() == 0) {}  in the zygote; 1: this is a new process, apart; below 0: the launcher is gone
//   mortise_zygote_be_born()               there: waits until it is wanted and becomes a worker; does not return when it cannot
//   mortise_zygote_variable(0), (1) ...    its environment then, "NAME=value", until NULL
//
// A new process has its namespaces and nothing else; it may touch what a worker will, so that this takes no time later. When
// be_born() returns, it is as confined as one that the launcher started to run a program: with its own user, limits, groups and root,
// descriptors 0 to 3, a cleared environment, and the filter. Then the interpreter runs the worker.
#pragma once

#include "mortise/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

// 0, or -1: the launcher was told `problem` or is gone.
MORTISE_EXPORT int mortise_zygote_begin(const char* problem);
MORTISE_EXPORT int mortise_zygote_next(void);
MORTISE_EXPORT void mortise_zygote_be_born(void);
MORTISE_EXPORT const char* mortise_zygote_variable(int index);

#ifdef __cplusplus
}
#endif
