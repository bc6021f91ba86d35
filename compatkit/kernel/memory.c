#include "memory.h"

#include <stdlib.h>
#include <string.h>

int reserve(void *items, size_t *room, size_t needed, size_t item_size) {
    void *old, *grown;
    size_t wanted = *room < 32 ? 32 : *room;
    if (needed <= *room) {
        return DONE;
    }
    while (wanted < needed) {
        if (wanted > SIZE_MAX / 2) {
            return NO_MEMORY;
        }
        wanted *= 2;
    }
    if (wanted > SIZE_MAX / item_size) {
        return NO_MEMORY;
    }
    memcpy(&old, items, sizeof old);
    grown = realloc(old, wanted * item_size);
    if (grown == NULL) {
        return NO_MEMORY;
    }
    memcpy(items, &grown, sizeof grown);
    *room = wanted;
    return DONE;
}

int numbers_reserve(Numbers *numbers, size_t needed) {
    return reserve(&numbers->items, &numbers->room, needed, sizeof *numbers->items);
}

int numbers_append(Numbers *numbers, uint32_t number) {
    if (numbers_reserve(numbers, numbers->size + 1) != DONE) {
        return NO_MEMORY;
    }
    numbers->items[numbers->size++] = number;
    return DONE;
}

void numbers_free(Numbers *numbers) {
    free(numbers->items);
    memset(numbers, 0, sizeof *numbers);
}
