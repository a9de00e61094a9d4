/* x86_64_win64.S: the context switch for x86-64, Windows ("x64 calling convention": rbx rbp rdi rsi r12-r15 and xmm6-xmm15 are kept, and so are
 * the control words). Touches the thread's information block besides: where its stack begins, how far its pages reach, and where it ends, for
 * exceptions, the growth of stacks and debuggers look there.
 * A saved context, upwards from the saved rsp: xmm6 ... xmm15; mxcsr and x87 control word; stack base, limit and end; 8 bytes of air; r15 r14 r13
 * r12 rsi rdi rbx rbp; return address. The system moves the limit when a stack grows: who leaves one of our stacks writes it into the stack's
 * top, 16 bytes below the base, for the next who begins there. The word above it says that it is ours: the address of eddyi_context_end. */

        .set    STACK_BASE, 0x08
        .set    STACK_LIMIT, 0x10
        .set    STACK_END, 0x1478       /* DeallocationStack */
        .set    SAVED, 200              /* what lies below the pushed registers */

.macro  SAVE_CALLER
        pushq   %rbp
        .seh_pushreg %rbp
        pushq   %rbx
        .seh_pushreg %rbx
        pushq   %rdi
        .seh_pushreg %rdi
        pushq   %rsi
        .seh_pushreg %rsi
        pushq   %r12
        .seh_pushreg %r12
        pushq   %r13
        .seh_pushreg %r13
        pushq   %r14
        .seh_pushreg %r14
        pushq   %r15
        .seh_pushreg %r15
        subq    $SAVED, %rsp
        .seh_stackalloc SAVED
        movaps  %xmm6, 0(%rsp)
        .seh_savexmm %xmm6, 0
        movaps  %xmm7, 16(%rsp)
        .seh_savexmm %xmm7, 16
        movaps  %xmm8, 32(%rsp)
        .seh_savexmm %xmm8, 32
        movaps  %xmm9, 48(%rsp)
        .seh_savexmm %xmm9, 48
        movaps  %xmm10, 64(%rsp)
        .seh_savexmm %xmm10, 64
        movaps  %xmm11, 80(%rsp)
        .seh_savexmm %xmm11, 80
        movaps  %xmm12, 96(%rsp)
        .seh_savexmm %xmm12, 96
        movaps  %xmm13, 112(%rsp)
        .seh_savexmm %xmm13, 112
        movaps  %xmm14, 128(%rsp)
        .seh_savexmm %xmm14, 128
        movaps  %xmm15, 144(%rsp)
        .seh_savexmm %xmm15, 144
        .seh_endprologue
        stmxcsr 160(%rsp)
        fnstcw  164(%rsp)
        movq    %gs:STACK_BASE, %rax
        movq    %gs:STACK_LIMIT, %r10
        movq    %gs:STACK_END, %r11
        movq    %rax, 168(%rsp)
        movq    %r10, 176(%rsp)
        movq    %r11, 184(%rsp)
        leaq    eddyi_context_end(%rip), %r11
        cmpq    %r11, -8(%rax)
        jne     1f
        movq    %r10, -16(%rax)
1:
        movq    %rsp, (%rcx)
.endm

        .text
        .globl  eddyi_context_switch
        .def    eddyi_context_switch; .scl 2; .type 32; .endef
        .p2align 4
        .seh_proc eddyi_context_switch
eddyi_context_switch:
        SAVE_CALLER
        movq    (%rdx), %rsp
        movq    168(%rsp), %rax
        movq    176(%rsp), %r10
        movq    184(%rsp), %r11
        movq    %rax, %gs:STACK_BASE
        movq    %r10, %gs:STACK_LIMIT
        movq    %r11, %gs:STACK_END
        ldmxcsr 160(%rsp)
        fldcw   164(%rsp)
        movaps  0(%rsp), %xmm6
        movaps  16(%rsp), %xmm7
        movaps  32(%rsp), %xmm8
        movaps  48(%rsp), %xmm9
        movaps  64(%rsp), %xmm10
        movaps  80(%rsp), %xmm11
        movaps  96(%rsp), %xmm12
        movaps  112(%rsp), %xmm13
        movaps  128(%rsp), %xmm14
        movaps  144(%rsp), %xmm15
        addq    $SAVED, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rsi
        popq    %rdi
        popq    %rbx
        popq    %rbp
        ret
        .seh_endproc

/* rcx: from; rdx: the new stack's top; r8: its low end; r9: entry; then its argument. It is jumped to with the address of eddyi_context_end as its
 * caller's, as the processor foresees a jump and not a return to where nobody called from. */
        .globl  eddyi_context_begin
        .def    eddyi_context_begin; .scl 2; .type 32; .endef
        .p2align 4
        .seh_proc eddyi_context_begin
eddyi_context_begin:
        SAVE_CALLER
        movq    304(%rsp), %rcx         /* the argument: 200 + 64 + the return address + 32 of shadow */
        leaq    64(%rdx), %rax          /* the base */
        movq    48(%rdx), %r10          /* the limit */
        movq    %rdx, %rsp
        movq    %rax, %gs:STACK_BASE
        movq    %r10, %gs:STACK_LIMIT
        movq    %r8, %gs:STACK_END
        ldmxcsr mxcsr_default(%rip)
        fldcw   x87_control_default(%rip)
        xorl    %ebp, %ebp              /* where chains of frame pointers end */
        leaq    stack_end(%rip), %rax
        pushq   %rax
        jmpq    *%r9
        .seh_endproc

/* What the first function of a stack seems to be called from: a frame of 32 bytes whose own caller is 0, so that unwinding ends here. */
        .globl  eddyi_context_end
        .def    eddyi_context_end; .scl 2; .type 32; .endef
        .p2align 4
        .seh_proc eddyi_context_end
eddyi_context_end:
        subq    $32, %rsp
        .seh_stackalloc 32
        .seh_endprologue
        nop
stack_end:
        ud2
        .seh_endproc

        .p2align 2
mxcsr_default:
        .long   0x1f80
x87_control_default:
        .short  0x037f
