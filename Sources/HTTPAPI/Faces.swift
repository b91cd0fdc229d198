/// Every face of the API.
package enum Faces {
    /// The native one first: paths that are nobody's get its errors.
    /// - Parameter isTLS: whether the API speaks HTTPS.
    package static func all(_ services: Services, isTLS: Bool) -> [any Face] {
        [
            NativeFace(services: services), DokployFace(services: services), InstallerFace(services: services),
            OperationsFace(services: services), ServiceFace(services: services), DescriptionFace(),
            LoginFace(services: services, isTLS: isTLS),
        ]
    }
}
