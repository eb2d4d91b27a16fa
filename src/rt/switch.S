/* switch.S - void *rt_switch(void **save_sp, void *to_sp): from one task's stack to another's.
 *
 * Saves what the calling convention says a call preserves, stores the stack pointer through the
 * first argument and continues where the other stack left off. The x87 control word and MXCSR
 * are not switched: nothing here changes them. Unwinding stops at a task's first frame, whose
 * saved frame pointer is 0.
 *
 * rt_switch leaves by a return: the processor predicts that it goes to where the last call came
 * from, and a task that was left here in the same way stands at the same place, so the
 * prediction is right, and so is that of every return above it that both stacks have in common.
 * A jump would leave one entry too many in the predictor, and each of those returns would miss.
 * rt_switch_new enters a task for the first time. There a return is never right, so it jumps. */

#if defined(__x86_64__)

.macro SWITCH name
    .text
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
.endm
.macro SWITCH_END name
    .cfi_endproc
    .size \name, . - \name
.endm

SWITCH rt_switch
    ret
SWITCH_END rt_switch

SWITCH rt_switch_new
    popq %rcx
    jmpq *%rcx
SWITCH_END rt_switch_new

#elif defined(__aarch64__)

.macro SWITCH name
    .text
    .globl \name
    .type \name, %function
    .p2align 4
\name:
    .cfi_startproc
    stp x29, x30, [sp, #-160]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    ldp x29, x30, [sp], #160
.endm
.macro SWITCH_END name
    .cfi_endproc
    .size \name, . - \name
.endm

SWITCH rt_switch
    ret
SWITCH_END rt_switch

SWITCH rt_switch_new
    br x30
SWITCH_END rt_switch_new

#else
#error "switch.S knows x86-64 and aarch64"
#endif

    .section .note.GNU-stack, "", %progbits
