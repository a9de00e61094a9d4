/* aarch64_call.S: call a function on the stack of a context that was left, as if it had called it itself.
 * Touches nothing but room below that stack pointer. To an unwinder the caller of the function is whoever left the context: its registers lie where
 * eddyi_context_switch of aarch64.S put them. */

#if defined(__APPLE__)
#define NAME(symbol) _##symbol
#else
#define NAME(symbol) symbol
#endif

        .text
        .globl  NAME(eddyi_context_call)
#if defined(__ELF__)
        .type   NAME(eddyi_context_call), %function
        .hidden NAME(eddyi_context_call)
#endif
        .p2align 4
NAME(eddyi_context_call):
        .cfi_startproc
        hint    #34                     /* bti c */
        stp     x29, x30, [sp, #-32]!
        .cfi_adjust_cfa_offset 32
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        str     x19, [sp, #16]
        .cfi_rel_offset x19, 16
        mov     x19, sp
        ldr     x9, [x0]
        mov     sp, x9
        .cfi_remember_state
        .cfi_def_cfa sp, 176
        .cfi_rel_offset x19, 0
        .cfi_rel_offset x20, 8
        .cfi_rel_offset x21, 16
        .cfi_rel_offset x22, 24
        .cfi_rel_offset x23, 32
        .cfi_rel_offset x24, 40
        .cfi_rel_offset x25, 48
        .cfi_rel_offset x26, 56
        .cfi_rel_offset x27, 64
        .cfi_rel_offset x28, 72
        .cfi_rel_offset x29, 80
        .cfi_rel_offset x30, 88
        mov     x0, x2
        blr     x1
        mov     sp, x19
        .cfi_restore_state
        ldr     x19, [sp, #16]
        .cfi_restore x19
        ldp     x29, x30, [sp], #32
        .cfi_restore x29
        .cfi_restore x30
        .cfi_adjust_cfa_offset -32
        mov     w0, #1
        ret
        .cfi_endproc
#if defined(__ELF__)
        .size   NAME(eddyi_context_call), . - NAME(eddyi_context_call)
        .section .note.GNU-stack, "", %progbits
#endif
