import Glibc
import NIOCore
import NIOSSL

/// What errors of TLS mean to a user.
enum TLSFailure {
    /// The other side took the connection and then said nothing.
    struct HandshakeTimeout: Error {
        var limit: TimeAmount
    }

    /// - Returns: nil for an error that is none of TLS.
    static func reason(of error: any Error, host: String) -> String? {
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return "its certificate is not for the host \(host)"
        case let error as NIOSSLExtraError:
            return "TLS failed: \(error)"
        case NIOSSLError.handshakeFailed(let cause):
            return reason(of: "\(cause)")
        case BoringSSLError.sslError(let stack):
            return reason(of: "\(stack)")
        case NIOSSLError.uncleanShutdown:
            return nil
        case let error as HandshakeTimeout:
            let limit = Duration.nanoseconds(error.limit.nanoseconds)
            return "the handshake of TLS did not end within \(limit): is this its TLS port?"
        case let error as NIOSSLError:
            return "TLS failed: \(error)"
        default:
            return nil
        }
    }

    /// Whether the certificate of the other side was not trusted.
    static func isVerification(_ error: any Error) -> Bool {
        guard case NIOSSLError.handshakeFailed(let cause) = error else { return false }
        return "\(cause)".contains("CERTIFICATE_VERIFY_FAILED")
    }

    private static func reason(of text: String) -> String {
        let known = [
            ("CERTIFICATE_VERIFY_FAILED", "its certificate cannot be verified"),
            ("WRONG_VERSION_NUMBER", "it does not speak TLS there: write redis://, or its TLS port"),
            ("CERTIFICATE_REQUIRED", "it wants a certificate of us: add cert=FILE&key=FILE to the URL"),
            ("ALERT_UNKNOWN_CA", "it does not trust the authority of our certificate (cert in the URL)"),
            ("ALERT_CERTIFICATE_EXPIRED", "our certificate (cert in the URL) has expired"),
            ("ALERT_BAD_CERTIFICATE", "it does not accept our certificate (cert in the URL)"),
            ("EOF during handshake", "it ended the connection during the handshake of TLS: is this its TLS port?"),
        ]
        for (word, reason) in known where text.contains(word) { return reason }
        // What follows is where in BoringSSL it happened.
        let words = text.split { " :,]".contains($0) }
        let word = words.first { word in
            word.count > 6 && word.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "_" }
        }
        return "the handshake of TLS failed (\(word.map(String.init) ?? text))"
    }

    /// What is wrong with a certificate that was not trusted.
    /// - Parameters:
    ///   - chain: what the other side has shown.
    ///   - authorities: the file of those whom we trust.
    static func reason(chain: [NIOSSLCertificate], authorities: String?, now: time_t = time(nil)) -> String {
        for certificate in chain {
            if certificate.notValidAfter < now {
                return "its certificate expired on \(day(certificate.notValidAfter))"
            }
            if certificate.notValidBefore > now {
                return "its certificate is valid only from \(day(certificate.notValidBefore)) on"
            }
        }
        guard let authorities else {
            return
                "its certificate is not of an authority that this system trusts: name the one with ?ca=FILE in the URL"
        }
        let trusted = (try? NIOSSLCertificate.fromPEMFile(authorities)) ?? []
        if let expired = trusted.first(where: { $0.notValidAfter < now }) {
            return "the authority in \(authorities) expired on \(day(expired.notValidAfter))"
        }
        return "its certificate is not of the authority in \(authorities) (ca in the URL)"
    }

    private static func day(_ time: time_t) -> String {
        var time = time
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }
}
