/* process_windows.c: another process by ReadProcessMemory and VirtualQueryEx.
 * Touches the system. A read says what it could not do, and leaves it to the caller whether that matters. */
#include "process.h"

#include "grow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <psapi.h>

enum { MOST_RANGES = 1 << 16, NAME_SIZE = 128 };

typedef struct data_range {
    uint64_t address, size;
} data_range;

struct other_process {
    HANDLE handle;
    data_range *data; /* writable, of programs and libraries */
    size_t count, room;
    enum process_fault fault;
};

static bool has_ended(const other_process *process)
{
    return WaitForSingleObject(process->handle, 0) == WAIT_OBJECT_0;
}

static void *pointer(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

bool process_read(other_process *process, uint64_t address, void *out, size_t size)
{
    SIZE_T got = 0;
    if (address > UINTPTR_MAX || address + size < address)
        return false;
    if (ReadProcessMemory(process->handle, pointer(address), out, size, &got) && got == size)
        return true;
    if (has_ended(process))
        process->fault = PROCESS_ENDED;
    return false;
}

enum process_fault process_state(const other_process *process)
{
    return process->fault;
}

/* ---- what is mapped ---- */

static bool is_data(const MEMORY_BASIC_INFORMATION *range)
{
    const DWORD writable = PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
    return range->State == MEM_COMMIT && range->Type == MEM_IMAGE && (range->Protect & writable) != 0 &&
           (range->Protect & PAGE_GUARD) == 0;
}

static bool add_range(other_process *process, const MEMORY_BASIC_INFORMATION *range)
{
    void *data = process->count < MOST_RANGES
                     ? array_grow(process->data, process->count, &process->room, sizeof *process->data)
                     : NULL;
    if (data == NULL)
        return false;
    process->data = data;
    process->data[process->count++] =
        (data_range){(uint64_t)(uintptr_t)range->BaseAddress, (uint64_t)range->RegionSize};
    return true;
}

static enum process_fault find_data(other_process *process)
{
    MEMORY_BASIC_INFORMATION range;
    uint64_t address = 0;
    while (VirtualQueryEx(process->handle, pointer(address), &range, sizeof range) == sizeof range) {
        if (is_data(&range) && !add_range(process, &range))
            return PROCESS_NO_MEMORY;
        uint64_t next = (uint64_t)(uintptr_t)range.BaseAddress + (uint64_t)range.RegionSize;
        if (next <= address)
            break;
        address = next;
    }
    return address == 0 ? PROCESS_FORBIDDEN : PROCESS_FINE;
}

enum process_fault process_open(other_process **out, long pid)
{
    const DWORD access = PROCESS_VM_READ | PROCESS_QUERY_INFORMATION | SYNCHRONIZE;
    HANDLE handle = pid > 0 ? OpenProcess(access, FALSE, (DWORD)pid) : NULL;
    if (handle == NULL)
        return pid > 0 && GetLastError() == ERROR_ACCESS_DENIED ? PROCESS_FORBIDDEN : PROCESS_MISSING;
    other_process *process = calloc(1, sizeof *process);
    if (process == NULL) {
        (void)CloseHandle(handle);
        return PROCESS_NO_MEMORY;
    }
    process->handle = handle;
    enum process_fault fault = has_ended(process) ? PROCESS_ENDED : find_data(process);
    if (fault != PROCESS_FINE)
        process_close(process);
    else
        *out = process;
    return fault;
}

void process_close(other_process *process)
{
    if (process == NULL)
        return;
    (void)CloseHandle(process->handle);
    free(process->data);
    free(process);
}

bool process_data(const other_process *process, size_t index, uint64_t *address, uint64_t *size)
{
    if (index >= process->count)
        return false;
    *address = process->data[index].address;
    *size = process->data[index].size;
    return true;
}

void process_use_names(other_process *process)
{
    (void)process; /* what gcc for Windows writes down nobody here reads */
}

void process_place(const other_process *process, uint64_t address, char *out, size_t size)
{
    MEMORY_BASIC_INFORMATION range;
    wchar_t wide[NAME_SIZE];
    char name[NAME_SIZE];
    if (VirtualQueryEx(process->handle, pointer(address), &range, sizeof range) == sizeof range &&
        range.Type == MEM_IMAGE &&
        K32GetModuleBaseNameW(process->handle, range.AllocationBase, wide, NAME_SIZE) > 0 &&
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, name, sizeof name, NULL, NULL) > 0)
        (void)snprintf(out, size, "%.64s+0x%" PRIx64, name,
                       address - (uint64_t)(uintptr_t)range.AllocationBase);
    else
        (void)snprintf(out, size, "0x%" PRIx64, address);
}

void process_pause(double seconds)
{
    Sleep((DWORD)(seconds * 1000));
}
