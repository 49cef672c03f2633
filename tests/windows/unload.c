/*
 * A host that loads the library at run time, as VB6 and Delphi do, and lets it go while a thread of
 * the library still has a name to look up: the library stays, at its place, and works. It shows no
 * window, and its threads end.
 */

#include "../c/check.h"

#include <windows.h>

#include <tlhelp32.h>
#include <winternl.h>

/* Nobody listens there. */
enum { CLOSED_PORT = 1 };

/* Of ntdll.dll; its headers do not have them. */
NTSTATUS NTAPI LdrLockLoaderLock(ULONG flags, ULONG *disposition, ULONG_PTR *cookie);
NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG flags, ULONG_PTR cookie);

/* The functions of the library, with the types and the calling convention of the header. */
static __typeof__(mail_library_abi) *library_abi;
static __typeof__(mail_new) *make;
static __typeof__(mail_set_server) *set_server;
static __typeof__(mail_set_security) *set_security;
static __typeof__(mail_set_from) *set_from;
static __typeof__(mail_add_recipient) *add_recipient;
static __typeof__(mail_set_text) *set_text;
static __typeof__(mail_set_progress) *set_progress;
static __typeof__(mail_send) *send_it;
static __typeof__(mail_free) *free_it;

/* By way of a function without type: gcc warns of a cast from one type to the other. */
#define FIND(pointer, name)                                                              \
    do {                                                                                 \
        pointer = (__typeof__(pointer))(void (*)(void))GetProcAddress(library, #name);   \
        CHECK(pointer != NULL, "%lu", GetLastError());                                   \
    } while (0)

static HMODULE load(void)
{
    HMODULE library = LoadLibraryW(L"postrider.dll");
    CHECK(library != NULL, "%lu", GetLastError());
    FIND(library_abi, mail_library_abi);
    FIND(make, mail_new);
    FIND(set_server, mail_set_server);
    FIND(set_security, mail_set_security);
    FIND(set_from, mail_set_from);
    FIND(add_recipient, mail_add_recipient);
    FIND(set_text, mail_set_text);
    FIND(set_progress, mail_set_progress);
    FIND(send_it, mail_send);
    FIND(free_it, mail_free);
    CHECK(library_abi() == MAIL_ABI_VERSION, "%d", (int)library_abi());
    return library;
}

/* The threads of this process that began in the code of a module. The system begins some of its own
 * at any time, so that the number of all threads tells nothing. */
static int threads_of(HMODULE module)
{
    const THREADINFOCLASS start_address = 9; /* ThreadQuerySetWin32StartAddress */
    int count = 0;
    THREADENTRY32 entry;
    HANDLE entries = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    CHECK(entries != INVALID_HANDLE_VALUE, "%lu", GetLastError());
    entry.dwSize = sizeof entry;
    for (BOOL more = Thread32First(entries, &entry); more; more = Thread32Next(entries, &entry)) {
        if (entry.th32OwnerProcessID != GetCurrentProcessId())
            continue;
        HANDLE thread = OpenThread(THREAD_QUERY_INFORMATION, FALSE, entry.th32ThreadID);
        if (thread == NULL)
            continue; /* it has ended */
        void *start = NULL;
        HMODULE within = NULL;
        DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
        NtQueryInformationThread(thread, start_address, &start, sizeof start, NULL);
        GetModuleHandleExW(flags, start, &within);
        count += within == module;
        CloseHandle(thread);
    }
    CloseHandle(entries);
    return count;
}

static BOOL CALLBACK count_own(HWND window, LPARAM count)
{
    DWORD process;
    GetWindowThreadProcessId(window, &process);
    *(int *)count += process == GetCurrentProcessId();
    return TRUE;
}

static int windows_of_process(void)
{
    int count = 0;
    EnumWindows(count_own, (LPARAM)&count);
    for (HWND hidden = NULL; (hidden = FindWindowExW(HWND_MESSAGE, hidden, NULL, NULL)) != NULL;)
        count_own(hidden, (LPARAM)&count);
    return count;
}

/* The name has to be looked up, which the library does on a thread of its own. */
static mail_t *message_to_localhost(void)
{
    mail_t *mail = make();
    CHECK(mail != NULL, "no handle");
    CHECK(set_server(mail, "localhost", CLOSED_PORT) == MAIL_STATUS_OK, "set_server");
    CHECK(set_security(mail, MAIL_SECURITY_PLAIN) == MAIL_STATUS_OK, "set_security");
    CHECK(set_from(mail, NULL, "anna@example.org") == MAIL_STATUS_OK, "set_from");
    CHECK(add_recipient(mail, NULL, "bob@example.org", MAIL_KIND_TO) == MAIL_STATUS_OK, "add_recipient");
    CHECK(set_text(mail, "Hello Bob") == MAIL_STATUS_OK, "set_text");
    return mail;
}

static void send_to_nobody(void)
{
    mail_t *mail = message_to_localhost();
    int32_t status = send_it(mail);
    free_it(mail);
    CHECK(status == MAIL_STATUS_CONNECT, "%d", (int)status);
}

static int32_t MAIL_CALL cancel_when_it_has_a_thread(void *library, int64_t sent, int64_t total)
{
    (void)sent, (void)total;
    return threads_of(library) > 0;
}

/* No thread begins to run while another one has the lock of the loader: the one that is to look up
 * the name does so when the library has been let go. */
static void unload_before_the_look_up(HMODULE library)
{
    ULONG_PTR cookie;
    mail_t *mail = message_to_localhost();
    CHECK(set_progress(mail, cancel_when_it_has_a_thread, library) == MAIL_STATUS_OK, "set_progress");
    CHECK(LdrLockLoaderLock(0, NULL, &cookie) == 0, "LdrLockLoaderLock");
    int32_t status = send_it(mail);
    CHECK(status == MAIL_STATUS_CANCELLED, "%d", (int)status);
    free_it(mail);
    CHECK(FreeLibrary(library), "%lu", GetLastError());
    CHECK(GetModuleHandleW(L"postrider.dll") == library, "it is gone");
    CHECK(threads_of(library) == 1, "%d threads", threads_of(library));
    CHECK(LdrUnlockLoaderLock(0, cookie) == 0, "LdrUnlockLoaderLock");
}

/* Ten seconds are plenty. */
static void wait_for_its_threads(HMODULE library)
{
    for (int i = 0; i < 1000 && threads_of(library) > 0; i++)
        Sleep(10);
    CHECK(threads_of(library) == 0, "%d threads stay", threads_of(library));
}

int main(void)
{
    int windows = windows_of_process();
    HMODULE library = load();
    send_to_nobody();
    wait_for_its_threads(library);

    unload_before_the_look_up(library);
    wait_for_its_threads(library);
    CHECK(load() == library, "it is at another place");
    send_to_nobody();
    wait_for_its_threads(library);
    CHECK(windows_of_process() == windows, "%d windows were %d", windows_of_process(), windows);
    return 0;
}
