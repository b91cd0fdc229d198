import NIOCore

/// Runs tasks on the event loop that talks to Redis.
///
/// A task that mostly waits for replies costs two wake-ups of threads for each when it runs elsewhere. What blocks for long
/// must not run here.
package final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
