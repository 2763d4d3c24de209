/* Uses an installed lanner from C: adds, searches, saves to the path given, opens, and says what it found. */
#include <lanner/lanner.h>
#include <stdio.h>

static int failed(const char* what) {
    fprintf(stderr, "%s: %s\n", what, lanner_last_error());
    return 1;
}

int main(int argc, char** argv) {
    const float rows[6] = {0.0F, 0.0F, 3.0F, 4.0F, 9.0F, 9.0F};
    const int64_t ids[3] = {10, 20, 30};
    const float query[2] = {3.0F, 3.0F};
    lanner_index_options options = {sizeof options};
    lanner_index* index = NULL;
    size_t size = 0;
    int64_t id = -1;
    float distance = 0.0F;

    if (argc != 2) {
        fprintf(stderr, "usage: consumer_c <file to write>\n");
        return 2;
    }
    options.dim = 2;
    if (lanner_create(&options, &index) != LANNER_OK) return failed("create");
    if (lanner_add(index, rows, LANNER_FLOAT32, 3, ids, 0, NULL) != LANNER_OK) return failed("add");
    if (lanner_save(index, argv[1]) != LANNER_OK) return failed("save");
    lanner_destroy(index);

    if (lanner_open(argv[1], 0, &index) != LANNER_OK) return failed("open");
    if (lanner_size(index, &size) != LANNER_OK) return failed("size");
    if (lanner_search(index, query, LANNER_FLOAT32, 1, 1, NULL, &id, &distance, NULL) != LANNER_OK) {
        return failed("search");
    }
    lanner_destroy(index);
    printf("size %lu nearest %ld distance %g version %s\n", (unsigned long)size, (long)id, (double)distance,
           lanner_version());
    return 0;
}
