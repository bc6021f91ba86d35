#include "tokens.h"

int tokens_begin(Words *words, size_t characters) {
    words->size = words->lengths.size = 0;
    return words_reserve(words, characters);
}

void tokens_split(Words *words, const uint32_t *points, size_t size) {
    uint64_t part = 0;
    uint32_t length = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && !is_space(points[i])) {
            if (length++ % POINTS_A_PART == 0) {
                part = points[i];
            } else {
                words->parts[words->size++] = part | (uint64_t)points[i] << 32;
            }
        } else if (length > 0) {
            if (length % POINTS_A_PART != 0) {
                words->parts[words->size++] = part;
            }
            words->lengths.items[words->lengths.size++] = length;
            length = 0;
        }
    }
}
