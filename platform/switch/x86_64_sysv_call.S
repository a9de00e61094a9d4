/* x86_64_sysv_call.S: call a function on the stack of a context that was left, as if it had called it itself.
 * Touches nothing but room below that stack pointer. To an unwinder the caller of the function is whoever left the context: its registers lie where
 * eddyi_context_switch of x86_64_sysv.S put them. */

#if defined(__APPLE__)
#define NAME(symbol) _##symbol
#else
#define NAME(symbol) symbol
#endif

        .text
        .globl  NAME(eddyi_context_call)
#if defined(__ELF__)
        .type   NAME(eddyi_context_call), @function
        .hidden NAME(eddyi_context_call)
#endif
        .p2align 4
NAME(eddyi_context_call):
        .cfi_startproc
        endbr64
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        movq    %rsp, %rbx
        movq    (%rdi), %rsp
        .cfi_remember_state
        .cfi_def_cfa %rsp, 64
        .cfi_offset %rbp, -16
        .cfi_offset %rbx, -24
        .cfi_offset %r12, -32
        .cfi_offset %r13, -40
        .cfi_offset %r14, -48
        .cfi_offset %r15, -56
        movq    %rdx, %rdi
        callq   *%rsi
        movq    %rbx, %rsp
        .cfi_restore_state
        movl    $1, %eax
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        ret
        .cfi_endproc
#if defined(__ELF__)
        .size   NAME(eddyi_context_call), . - NAME(eddyi_context_call)
        .section .note.GNU-stack, "", @progbits
#endif
