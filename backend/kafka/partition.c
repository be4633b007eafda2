#include <stdint.h>
#include <string.h>

#include "backend/kafka/kafka.h"

/* MurmurHash2, 32 bits, with the seed of org.apache.kafka.common.utils.Utils.murmur2: which
 * partition a key goes to is part of the contract between the writers of a topic. */
static uint32_t murmur2(const unsigned char *p, size_t len)
{
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28cu ^ (uint32_t)len;
    while (len >= 4) {
        uint32_t k =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        k *= m;
        k ^= k >> 24;
        k *= m;
        h *= m;
        h ^= k;
        p += 4;
        len -= 4;
    }
    switch (len) {
    case 3:
        h ^= (uint32_t)p[2] << 16; /* fall through */
    case 2:
        h ^= (uint32_t)p[1] << 8; /* fall through */
    case 1:
        h ^= p[0];
        h *= m;
    }
    h ^= h >> 13;
    h *= m;
    h ^= h >> 15;
    return h;
}

int kafka_partition_of(const void *key, size_t len, int n_partitions)
{
    if (n_partitions <= 1)
        return 0;
    return (int)((murmur2(key, len) & 0x7fffffffu) % (uint32_t)n_partitions);
}
