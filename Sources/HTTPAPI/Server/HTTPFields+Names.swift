import HTTPTypes

extension HTTPFields {
    /// The field with a name that the library has no constant for.
    package subscript(name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set { if let name = HTTPField.Name(name) { self[name] = newValue } }
    }
}
