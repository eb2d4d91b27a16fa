/* The plain driver of a fuzzer: runs it on every input of its corpus, one TAP test for all.
 *
 * usage: NAME_fuzz FOLDER      or: NAME_fuzz FILE, for one input that a fuzzer left behind */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CORPUS_INPUTS_MIN = 20, INPUT_BYTES_MAX = 1 << 20, PATH_BYTES_MAX = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is on the heap and no byte longer than it is, so that a sanitizer sees a read past
 * its end. Returns 0, or a negative errno. */
static int replay_file(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return -errno;
    static uint8_t whole[INPUT_BYTES_MAX];
    size_t size = fread(whole, 1, sizeof(whole), f);
    fclose(f);
    uint8_t *input = malloc(size ? size : 1);
    if (!input)
        return -ENOMEM;
    memcpy(input, whole, size);
    /* Told first: when the next line crashes, the last path is the culprit. */
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(input, size);
    free(input);
    return 0;
}

static int replay_folder(const char *folder)
{
    DIR *d = opendir(folder);
    if (!d)
        return -errno;
    int count = 0;
    const struct dirent *e;
    while ((e = readdir(d))) {
        char path[PATH_BYTES_MAX];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (replay_file(path) == 0)
            count++;
    }
    closedir(d);
    return count;
}

int main(int argc, char **argv)
{
    struct stat st;
    if (argc != 2 || stat(argv[1], &st) < 0) {
        fprintf(stderr, "usage: %s FOLDER|FILE\n", argv[0]);
        return 2;
    }
    if (!S_ISDIR(st.st_mode))
        return replay_file(argv[1]) < 0;
    int count = replay_folder(argv[1]);
    bool ok = count >= CORPUS_INPUTS_MIN;
    printf("%sok 1 - %d inputs of %s, at least %d\n1..1\n", ok ? "" : "not ", count, argv[1],
           CORPUS_INPUTS_MIN);
    return !ok;
}
