import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
    /// Has the connection end behind this answer.
    mutating func endConnection(_ channel: any Channel) {
        headers[.connection] = "close"
        let content = body
        body = ResponseBody(contentLength: content.contentLength) { writer in
            try await content.write(writer)
            // Behind what has not left yet; the other side may take a moment to end its own half.
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        }
    }
}
