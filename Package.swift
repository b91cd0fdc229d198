// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// The monitor is Embedded Swift: one small static program a job, without the runtime, Foundation or Glibc's module map.
let embedded: [SwiftSetting] = [
    .enableExperimentalFeature("Embedded"),
    .unsafeFlags(["-wmo"]),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "hoistway",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Hoistway", targets: ["Hoistway"]),
        .executable(name: "hoistway", targets: ["hoistway"]),
        .executable(name: "hoistway-monitor", targets: ["hoistway-monitor"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .target(name: "CLinux"),
        .target(
            name: "RESP",
            dependencies: ["CHiredis", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: strict
        ),
        .target(
            name: "RedisClient",
            dependencies: [
                "RESP",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(name: "HoistwayModel", swiftSettings: strict),
        .target(
            name: "HoistwayStore",
            dependencies: ["HoistwayModel", "RedisClient", "RESP"],
            exclude: ["Scripts"],
            swiftSettings: strict
        ),
        .target(
            name: "Hoistway",
            dependencies: [
                "HoistwayModel", "HoistwayStore", "RedisClient",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(name: "MonitorCore", swiftSettings: strict),
        .executableTarget(
            name: "hoistway-monitor",
            dependencies: ["CLinux"],
            swiftSettings: embedded,
            // A process is forked for every job: one without shared libraries has fewer pages to copy and to give back.
            linkerSettings: [.unsafeFlags(["-static-executable"])]
        ),
        .target(
            name: "Supervision",
            dependencies: ["CLinux", "HoistwayModel", "MonitorCore"],
            swiftSettings: strict
        ),
        .target(name: "Remote", dependencies: ["CLinux", "HoistwayModel"], swiftSettings: strict),
        .target(
            name: "Recipes",
            dependencies: [
                "HoistwayModel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "WorkerCore",
            dependencies: [
                "HoistwayModel", "HoistwayStore", "RedisClient", "Supervision", "Recipes", "Remote",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "HTTPAPI",
            dependencies: [
                "Hoistway", "HoistwayModel", "HoistwayStore", "RedisClient",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            exclude: ["OpenAPI"],
            swiftSettings: strict
        ),
        .target(
            name: "Commands",
            dependencies: [
                "CLinux", "HTTPAPI", "Hoistway", "HoistwayModel", "HoistwayStore", "RedisClient", "Recipes", "Remote",
                "Supervision", "WorkerCore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(name: "hoistway", dependencies: ["Commands"], swiftSettings: strict),
        .target(
            name: "TestSupport",
            dependencies: [
                "CLinux", "RESP", "RedisClient",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RESPTests",
            dependencies: ["RESP", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RedisClientTests",
            dependencies: [
                "RESP", "RedisClient", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "HoistwayModelTests", dependencies: ["HoistwayModel"], swiftSettings: strict),
        .testTarget(name: "HoistwayStoreTests", dependencies: ["HoistwayStore", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "HoistwayTests",
            dependencies: ["Hoistway", "HoistwayModel", "HoistwayStore", "RESP", "RedisClient", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "MonitorCoreTests", dependencies: ["MonitorCore"], swiftSettings: strict),
        .testTarget(name: "SupervisionTests", dependencies: ["Supervision"], swiftSettings: strict),
        .testTarget(name: "RemoteTests", dependencies: ["Remote", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "RecipesTests", dependencies: ["Recipes"], swiftSettings: strict),
        .testTarget(
            name: "WorkerCoreTests",
            dependencies: [
                "HoistwayModel", "HoistwayStore", "RedisClient", "Supervision", "WorkerCore", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "HTTPAPI", "Hoistway", "HoistwayModel", "HoistwayStore", "RESP", "RedisClient", "TestSupport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CommandsTests",
            dependencies: [
                "Commands", "HoistwayModel", "HoistwayStore", "RESP", "RedisClient", "Remote", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["HoistwayModel", "RESP", "RedisClient", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "CrashTests", dependencies: ["RESP", "RedisClient", "TestSupport"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
