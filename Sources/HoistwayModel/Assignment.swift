extension String {
    /// What stands before and behind the first `=`; nil without one. Found by bytes: as a `Character` an `=` before a
    /// combining mark is another one.
    package var assignment: (name: String, value: String)? {
        guard let place = utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        return (
            String(decoding: utf8[..<place], as: UTF8.self),
            String(decoding: utf8[utf8.index(after: place)...], as: UTF8.self)
        )
    }
}
