// Package nonblock reads and writes TCP sockets without telling Go's scheduler of a system
// call.
//
// Go's sockets never block: a call that would have to wait returns EAGAIN, and the
// goroutine waits for the network poller. Even so, package net announces each read and
// write to the scheduler as a system call that may block. If one takes longer than 20 µs,
// sysmon hands the processor (P) over to another thread, and the first thread has to get one
// back afterwards. A write to a loopback or virtual interface takes that long, because the
// kernel delivers the packet within the call. On a virtual machine, where a thread switch
// costs 20 to 40 µs, these switches took half of the gateway's CPU time. The connections of
// [Wrap] make the same system calls unannounced ([syscall.RawSyscall] in
// [syscall.RawConn.Read] and Write), so the thread keeps its P.
//
// The package must never make a system call that can wait, or that takes long: until the
// call returns, its P runs nothing else, and garbage collection cannot stop the world. So it
// wraps sockets in non-blocking mode alone, and moves at most maxTransfer bytes in one call.
//
// Only Linux has this; elsewhere Wrap returns its argument. Under the race detector and the
// sanitizers, which need to know which memory the kernel reads and writes, the calls are the
// announced ones of package syscall.
package nonblock
