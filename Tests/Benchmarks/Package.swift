// swift-tools-version: 6.2
import PackageDescription

/// The benchmark programs that use the library. `scripts/bench` builds and runs them.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "hoistway", path: "../..")],
    targets: [
        .executableTarget(
            name: "enqueuing",
            dependencies: [.product(name: "Hoistway", package: "hoistway")],
            swiftSettings: [.treatAllWarnings(as: .error)]
        )
    ],
    swiftLanguageModes: [.v6]
)
