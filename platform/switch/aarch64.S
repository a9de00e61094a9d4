/* aarch64.S: the context switch for AArch64 (AAPCS64, section 6.1: x19-x28, x29, x30 and the low halves of v8-v15 are callee-saved).
 * Touches nothing else. A saved context is 176 bytes: x19..x28, x29, x30, d8..d15, fpcr; upwards from the saved sp. */

#if defined(__APPLE__)
#define NAME(symbol) _##symbol
#else
#define NAME(symbol) symbol
#endif

        .text
        .globl  NAME(eddyi_context_switch)
#if defined(__ELF__)
        .type   NAME(eddyi_context_switch), %function
        .hidden NAME(eddyi_context_switch)
#elif defined(__APPLE__)
        .private_extern NAME(eddyi_context_switch)
#endif
        .p2align 4
NAME(eddyi_context_switch):
        .cfi_startproc
        hint    #34                     /* bti c */
        sub     sp, sp, #176
        .cfi_adjust_cfa_offset 176
        stp     x19, x20, [sp, #0]
        .cfi_rel_offset x19, 0
        .cfi_rel_offset x20, 8
        stp     x21, x22, [sp, #16]
        .cfi_rel_offset x21, 16
        .cfi_rel_offset x22, 24
        stp     x23, x24, [sp, #32]
        .cfi_rel_offset x23, 32
        .cfi_rel_offset x24, 40
        stp     x25, x26, [sp, #48]
        .cfi_rel_offset x25, 48
        .cfi_rel_offset x26, 56
        stp     x27, x28, [sp, #64]
        .cfi_rel_offset x27, 64
        .cfi_rel_offset x28, 72
        stp     x29, x30, [sp, #80]
        .cfi_rel_offset x29, 80
        .cfi_rel_offset x30, 88
        stp     d8, d9, [sp, #96]
        .cfi_rel_offset d8, 96
        .cfi_rel_offset d9, 104
        stp     d10, d11, [sp, #112]
        .cfi_rel_offset d10, 112
        .cfi_rel_offset d11, 120
        stp     d12, d13, [sp, #128]
        .cfi_rel_offset d12, 128
        .cfi_rel_offset d13, 136
        stp     d14, d15, [sp, #144]
        .cfi_rel_offset d14, 144
        .cfi_rel_offset d15, 152
        mrs     x9, fpcr
        str     x9, [sp, #160]
        mov     x9, sp
        str     x9, [x0]
        ldr     x9, [x1]
        mov     sp, x9
        ldr     x9, [sp, #160]
        msr     fpcr, x9
        ldp     d14, d15, [sp, #144]
        .cfi_restore d14
        .cfi_restore d15
        ldp     d12, d13, [sp, #128]
        .cfi_restore d12
        .cfi_restore d13
        ldp     d10, d11, [sp, #112]
        .cfi_restore d10
        .cfi_restore d11
        ldp     d8, d9, [sp, #96]
        .cfi_restore d8
        .cfi_restore d9
        ldp     x29, x30, [sp, #80]
        .cfi_restore x29
        .cfi_restore x30
        ldp     x27, x28, [sp, #64]
        .cfi_restore x27
        .cfi_restore x28
        ldp     x25, x26, [sp, #48]
        .cfi_restore x25
        .cfi_restore x26
        ldp     x23, x24, [sp, #32]
        .cfi_restore x23
        .cfi_restore x24
        ldp     x21, x22, [sp, #16]
        .cfi_restore x21
        .cfi_restore x22
        ldp     x19, x20, [sp, #0]
        .cfi_restore x19
        .cfi_restore x20
        add     sp, sp, #176
        .cfi_adjust_cfa_offset -176
        ret
        .cfi_endproc
#if defined(__ELF__)
        .size   NAME(eddyi_context_switch), . - NAME(eddyi_context_switch)
#endif

/* The first frame of a context: x19 holds the argument, x20 the entry function, which never returns. */
        .globl  NAME(eddyi_context_start)
#if defined(__ELF__)
        .type   NAME(eddyi_context_start), %function
        .hidden NAME(eddyi_context_start)
#elif defined(__APPLE__)
        .private_extern NAME(eddyi_context_start)
#endif
        .p2align 4
NAME(eddyi_context_start):
        .cfi_startproc
        .cfi_undefined x30
        hint    #36                     /* bti j */
        mov     x0, x19
        blr     x20
        brk     #0
        .cfi_endproc
#if defined(__ELF__)
        .size   NAME(eddyi_context_start), . - NAME(eddyi_context_start)
        .section .note.GNU-stack, "", %progbits
#endif
