/* Exports nothing. */
#include <mortise/plugin.h>

int mortise_forgot_the_entry(void);
int mortise_forgot_the_entry(void) { return 0; }
