#include "model/notice.h"

uint32_t notice_firing(const struct notice *n)
{
    uint32_t firing = 0;
    for (uint32_t i = 0; i < n->alert_count; i++)
        firing += n->alerts[i].ended_ms == 0;
    return firing;
}
