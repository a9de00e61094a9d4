/* search.h: the first separator in a row of bytes.
 * Touches nothing. */
#ifndef EDDYI_SEARCH_H
#define EDDYI_SEARCH_H

#include <eddy/config.h>

typedef struct eddyi_match {
    size_t start, end; /* of the separator */
} eddyi_match;

/* M1: of several matches the one that ends first. No separator begins before *from; if there is none at all, *from moves on to where one may
 * still begin when more bytes come. Separators are not empty; `count` is at least 1. */
bool eddyi_search(eddyi_match *out, const char *data, size_t size, const eddy_view *separators, size_t count,
                  size_t *from);

#endif
