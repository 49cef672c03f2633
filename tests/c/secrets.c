/*
 * What is left of an access token in memory. The program makes a token, hands it over, wipes its own
 * copy and remembers it only masked; it sends, and then looks through all of its own writable memory
 * for any 16 bytes of the token, or of the SASL response made of it.
 */

#include "server.h"

#include <fcntl.h>

enum { TOKEN_SIZE = 240, PIECE = 16, MASK = 0x5A };

/* A text that no search finds: every byte is masked. */
struct masked {
    unsigned char bytes[1024];
    size_t size;
};

static struct masked token, response;

/* What mail_send() returns: OK, or SIGN_IN when the server refuses. */
static int32_t wanted;

/* Remembers `text` and wipes it. */
static void hide(struct masked *masked, char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        masked->bytes[i] = (unsigned char)text[i] ^ MASK;
    masked->size = size;
    wipe(text, size);
}

static void to_base64(const char *text, size_t size, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t triple = 0;
        for (size_t j = 0; j < 3; j++)
            triple = triple << 8 | (i + j < size ? (unsigned char)text[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            *out++ = i + j <= size ? digits[triple >> (18 - 6 * j) & 63] : '=';
    }
    *out = '\0';
}

/* Makes a token that no file contains, sets it, and forgets it but for the masked copies. */
static void sign_in_with_new_token(mail_t *mail)
{
    static uint32_t random = 2463534242u;
    static char text[TOKEN_SIZE + 1], sasl[512], encoded[1024];
    for (size_t i = 0; i < TOKEN_SIZE; i++) {
        random = random * 1664525u + 1013904223u;
        text[i] = (char)('A' + (random >> 16) % 26);
    }
    text[TOKEN_SIZE] = '\0';
    EXPECT_OK(mail, mail_set_auth_xoauth2(mail, "anna@example.org", text));

    int size = snprintf(sasl, sizeof sasl, "user=anna@example.org\001auth=Bearer ");
    for (size_t i = 0; i < TOKEN_SIZE; i++)
        sasl[size++] = text[i];
    sasl[size++] = '\001';
    sasl[size++] = '\001';
    to_base64(sasl, (size_t)size, encoded);
    wipe(sasl, sizeof sasl);
    hide(&token, text, TOKEN_SIZE);
    hide(&response, encoded, strlen(encoded));
}

/* How many pieces of the secret begin in these bytes. */
static int count_pieces(const struct masked *secret, const unsigned char *bytes, size_t size)
{
    int found = 0;
    unsigned char begins[256];
    memset(begins, 0, sizeof begins);
    for (size_t piece = 0; piece + PIECE <= secret->size; piece += PIECE)
        begins[secret->bytes[piece] ^ MASK] = 1;
    for (size_t at = 0; at + PIECE <= size; at++) {
        if (!begins[bytes[at]])
            continue;
        for (size_t piece = 0; piece + PIECE <= secret->size; piece += PIECE) {
            size_t same = 0;
            while (same < PIECE && (bytes[at + same] ^ MASK) == secret->bytes[piece + same])
                same++;
            found += same == PIECE;
        }
    }
    return found;
}

/* Looks through a range of the memory. What is copied to look at it is wiped at once. */
static int search_range(int memory, unsigned long from, unsigned long to)
{
    static unsigned char copy[1 << 16];
    int found = 0;
    while (from + PIECE <= to) {
        size_t size = to - from < sizeof copy ? to - from : sizeof copy;
        ssize_t count = pread(memory, copy, size, (off_t)from);
        if (count < PIECE)
            return found; /* a guard page, or a mapping of a device */
        found += count_pieces(&token, copy, (size_t)count);
        found += count_pieces(&response, copy, (size_t)count);
        wipe(copy, (size_t)count);
        from += (unsigned long)count - (PIECE - 1); /* pieces may lie across two copies */
    }
    return found;
}

static int search_memory(void)
{
    char line[1024], permissions[8];
    unsigned long from, to, searched = 0;
    int found = 0;
    int memory = open("/proc/self/mem", O_RDONLY);
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(memory >= 0 && maps != NULL, "/proc/self");
    while (fgets(line, sizeof line, maps) != NULL) {
        CHECK(sscanf(line, "%lx-%lx %7s", &from, &to, permissions) == 3, "%s", line);
        if (permissions[0] == 'r' && permissions[1] == 'w') {
            found += search_range(memory, from, to);
            searched += to - from;
        }
    }
    fclose(maps);
    close(memory);
    CHECK(searched > 100000, "%lu bytes", searched);
    return found;
}

static void send_once(mail_t *mail)
{
    EXPECT(mail, wanted, mail_send(mail));
}

static void send_and_free(mail_t *mail)
{
    send_once(mail);
    mail_free(mail);
}

static void free_only(mail_t *mail)
{
    mail_free(mail);
}

static void send_and_forget(mail_t *mail)
{
    send_once(mail);
    EXPECT_OK(mail, mail_set_auth_none(mail));
}

static void send_and_replace(mail_t *mail)
{
    send_once(mail);
    EXPECT_OK(mail, mail_set_auth_password(mail, MAIL_MECHANISM_PLAIN, "anna", "another secret"));
}

static void keep_and_free(mail_t *mail)
{
    EXPECT_OK(mail, mail_set_keep_connection(mail, 1));
    send_once(mail);
    mail_free(mail);
}

static const struct {
    const char *what;
    void (*act)(mail_t *);
    int frees;
} ENDS[] = {
    {"free", free_only, 1},
    {"send and free", send_and_free, 1},
    {"send over a kept connection and free", keep_and_free, 1},
    {"send and sign in with nothing", send_and_forget, 0},
    {"send and sign in otherwise", send_and_replace, 0},
};

static void MAIL_CALL ignore_line(void *user_data, const char *line)
{
    (void)user_data, (void)line;
}

int main(void)
{
    static struct server server;
    server_start(&server);
    for (int refuses = 0; refuses <= 1; refuses++) {
        server.refuses_sign_in = refuses;
        wanted = refuses ? MAIL_STATUS_SIGN_IN : MAIL_STATUS_OK;
        for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
            mail_t *mail = new_message(server.port);
            EXPECT_OK(mail, mail_allow_plaintext_auth(mail, 1));
            EXPECT_OK(mail, mail_set_log(mail, ignore_line, NULL));
            sign_in_with_new_token(mail);
            CHECK(search_memory() > 0, "the search does not find what the library must hold");
            ENDS[i].act(mail);
            int found = search_memory();
            CHECK(found == 0, "%s (%s): %d pieces are left", ENDS[i].what,
                  refuses ? "refused" : "accepted", found);
            if (!ENDS[i].frees)
                mail_free(mail);
        }
    }
    server_stop(&server);
    return 0;
}
