/* What the tests call beside the plugin's table. */
#ifndef {{word}}_H
#define {{word}}_H

#include <mortise/plugin.h>

double {{word}}_multiplied(double number, double factor);

#endif
