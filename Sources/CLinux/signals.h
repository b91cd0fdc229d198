#ifndef HOISTWAY_SIGNALS_H
#define HOISTWAY_SIGNALS_H

#include <signal.h>

// Ignored by launcher and monitor, and so to be reset in what they start.
static const int ignored_signals[] = {SIGHUP, SIGINT, SIGPIPE};
enum { ignored_signal_count = sizeof ignored_signals / sizeof ignored_signals[0] };

#endif
