// Delimiters are found by scalars: as a `Character` a `/` or a quote before a combining mark is another one, and what was
// taken apart or quoted by characters would be read otherwise by a shell, a file system or a browser.

extension StringProtocol {
    /// The texts between the delimiters, empty ones too.
    /// - Parameter most: how many delimiters count; further ones belong to the last text.
    package func parts(by delimiter: Unicode.Scalar, most: Int = .max) -> [String] {
        unicodeScalars.split(separator: delimiter, maxSplits: most, omittingEmptySubsequences: false)
            .map { String(String.UnicodeScalarView($0)) }
    }

    /// What stands before and behind the first `=`; nil without one.
    package var assignment: (name: String, value: String)? {
        let sides = parts(by: "=", most: 1)
        return sides.count == 2 ? (sides[0], sides[1]) : nil
    }

    /// Whether it begins with a text, byte by byte.
    package func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
}
