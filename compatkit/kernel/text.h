/* Texts as code points, as Python has them. */
#ifndef COMPATKIT_TEXT_H
#define COMPATKIT_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint32_t *points;
    size_t size;
} Text;

/* What Python's str.isspace says; the suite compares every code point. */
static inline int is_space(uint32_t point) {
    if (point < 0x80) {
        return point == ' ' || (point >= 0x09 && point <= 0x0D) || (point >= 0x1C && point <= 0x1F);
    }
    return point == 0x85 || point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A) ||
           point == 0x2028 || point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

static inline int is_digit(uint32_t point) {
    return point >= '0' && point <= '9';
}

static inline uint32_t ascii_lower(uint32_t point) {
    return point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
}

#endif
