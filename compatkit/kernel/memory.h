/* Arrays that grow. Nothing here needs Python, so all of it runs without its lock. */
#ifndef COMPATKIT_MEMORY_H
#define COMPATKIT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

enum { DONE = 0, NO_MEMORY = -2 };

/* An array of numbers: token ids, bits, places. All zero is an empty one. */
typedef struct {
    uint32_t *items;
    size_t size, room;
} Numbers;

/* Makes room for `needed` items where `items` points to the pointer of an array; keeps what is there. */
int reserve(void *items, size_t *room, size_t needed, size_t item_size);

int numbers_reserve(Numbers *numbers, size_t needed);
int numbers_append(Numbers *numbers, uint32_t number);
void numbers_free(Numbers *numbers);

#endif
