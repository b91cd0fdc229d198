import Dispatch
import Glibc

/// Ctrl-C while a job is followed ends the following, not the job, and says so.
struct Interruption {
    private let source: any DispatchSourceSignal

    init(id: String, console: Console) {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler {
            let line = console.errorIsTerminal ? "\r\u{1B}[K" : ""
            console.error(Array(line.utf8))
            console.note(
                "job \(id) goes on; see it with \"hoistway logs -f \(id)\", end it with \"hoistway kill \(id)\""
            )
            exit(128 + SIGINT)
        }
        source.resume()
    }

    func end() {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }
}
