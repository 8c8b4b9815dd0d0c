/* SPDX-License-Identifier: MIT */
/*
 * The test machine's way to the host where there are no virtio ports (Bochs):
 * out by port 0xe9, in by the second serial line. init.c uses it when /zx/wire is
 * there. bochs.py is the other end and knows the same formats.
 */
#ifndef TESTLAB_WIRE_H
#define TESTLAB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Is this machine on a wire? Then get ready for it. */
bool wire_open(void);
/* Sends a piece of the report; returns false when there is no wire. */
bool wire_report(const char *data, size_t len);
/* Before the fork: streams for the program; SIZE is "rows cols" of a terminal or NULL. */
void wire_streams(const char *size);
/* In the child: take these as standard input, output and error, if there is a wire. */
bool wire_child(void);
/* In the parent: pass bytes until process PID has ended. */
void wire_relay(pid_t pid);
/* When all other processes are gone: pass what is left in the streams. */
void wire_drain(void);
/* Ends the machine. Returns if that did not work. */
void wire_off(void);

#endif
