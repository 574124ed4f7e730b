/* Writes bytes into a descriptor, which R cannot: for the misdeed of a worker that writes half a frame. */
#include <unistd.h>

void write_bytes(const int* descriptor, const unsigned char* bytes, const int* count) {
  if (write(*descriptor, bytes, (size_t)*count) < 0) _exit(99);
}
