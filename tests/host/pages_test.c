#include "tests/tap.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "host/pages.h"

/* Resident bytes of the files of libraries that are mapped here and cannot be written. */
static long resident(void)
{
    char line[512], access[8] = "", name[256] = "";
    long bytes = 0, kb;
    FILE *f = fopen("/proc/self/smaps", "re");
    CHECK(f != NULL);
    while (f && fgets(line, sizeof(line), f)) {
        char found[256] = "";
        if (sscanf(line, "%*x-%*x %7s %*s %*s %*s %255s", access, found) >= 1)
            snprintf(name, sizeof(name), "%s", found);
        else if (sscanf(line, "Rss: %ld kB", &kb) == 1 && strstr(name, ".so") && access[1] == '-')
            bytes += kb * 1024;
    }
    if (f)
        fclose(f);
    return bytes;
}

/* What was read of a library before, and what is called for the first time afterwards. */
static void digest(const EVP_MD *md)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    CHECK_INT(EVP_Digest("abc", 3, sum, &size, md, NULL), 1);
    CHECK_INT(size, EVP_MD_get_size(md));
}

static void what_the_start_needed_goes_and_all_still_works(void)
{
    digest(EVP_sha256());
    long before = resident();
    host_forget_start();
    long after = resident();
    if (before > 0) /* a static program has none */
        CHECK(after < before);
    digest(EVP_sha256());
    digest(EVP_sha3_512());
    host_forget_start();
    digest(EVP_blake2b512());
}

int main(void)
{
    TAP_RUN(what_the_start_needed_goes_and_all_still_works);
    return tap_done();
}
