#include "wire/key_part.h"

void key_part_append(struct buf *key, struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c == '/' || c == '%' || c < ' ' || c == 0x7f)
            buf_printf(key, "%%%02X", c);
        else
            buf_append_byte(key, (char)c);
    }
}
