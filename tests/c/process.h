/* What the system says of this process: its handles, its threads and its memory. */

#ifndef PROCESS_H
#define PROCESS_H

#include "check.h"

#ifdef _WIN32

#include <windows.h>

#include <psapi.h>
#include <tlhelp32.h>

/* Wine has no GetProcessHandleCount(). The numbers of handles are small multiples of 4. */
static inline int handles_of_process(void)
{
    int count = 0;
    DWORD flags;
    for (uintptr_t handle = 4; handle < 0x10000; handle += 4)
        count += GetHandleInformation((HANDLE)handle, &flags) != 0;
    return count;
}

static inline int threads_of_process(void)
{
    int count = 0;
    THREADENTRY32 thread;
    HANDLE threads = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    CHECK(threads != INVALID_HANDLE_VALUE, "%lu", GetLastError());
    thread.dwSize = sizeof thread;
    for (BOOL more = Thread32First(threads, &thread); more; more = Thread32Next(threads, &thread))
        count += thread.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(threads);
    return count;
}

static inline PROCESS_MEMORY_COUNTERS_EX memory_of_process(void)
{
    PROCESS_MEMORY_COUNTERS_EX memory;
    memset(&memory, 0, sizeof memory);
    CHECK(GetProcessMemoryInfo(GetCurrentProcess(), (PROCESS_MEMORY_COUNTERS *)&memory, sizeof memory),
          "%lu", GetLastError());
    return memory;
}

/* In bytes, without what is shared with other processes. Windows 7 tells it by the first, Wine by
 * the second. */
static inline int64_t private_memory(void)
{
    PROCESS_MEMORY_COUNTERS_EX memory = memory_of_process();
    return (int64_t)(memory.PrivateUsage != 0 ? memory.PrivateUsage : memory.PagefileUsage);
}

/* The most that the private memory has been; under Wine only what it is now. */
static inline int64_t peak_memory(void)
{
    return (int64_t)memory_of_process().PeakPagefileUsage;
}

static inline void sleep_a_moment(void)
{
    Sleep(10);
}

#else

#include <dirent.h>
#include <time.h>

static inline int entries_of(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    CHECK(folder != NULL, "%s", path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static inline int handles_of_process(void)
{
    return entries_of("/proc/self/fd");
}

static inline int threads_of_process(void)
{
    return entries_of("/proc/self/task");
}

static inline int64_t status_of_process(const char *form)
{
    char line[256];
    long long kilobytes = -1;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL, "/proc/self/status");
    while (kilobytes < 0 && fgets(line, sizeof line, status) != NULL)
        sscanf(line, form, &kilobytes);
    fclose(status);
    CHECK(kilobytes >= 0, "%s", form);
    return kilobytes * 1024;
}

/* In bytes, without what is shared with other processes. */
static inline int64_t private_memory(void)
{
    return status_of_process("RssAnon: %lld");
}

/* The most that the memory has been, with the parts of files that are in it. */
static inline int64_t peak_memory(void)
{
    return status_of_process("VmHWM: %lld");
}

static inline void sleep_a_moment(void)
{
    const struct timespec moment = {0, 10000000};
    nanosleep(&moment, NULL);
}

#endif

#endif
