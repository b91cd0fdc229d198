import HoistwayModel

/// What an `installer` job asks for: components, in the order in which they are installed.
struct InstallerPayload: Sendable {
    struct Component: Sendable {
        enum Work: Sendable {
            case command([String])
            case script(String)
        }

        var name: String
        /// What people read while it is installed.
        var phase: String
        var work: Work
        /// Its share of the progress, against those of the others.
        var weight: Int
        /// Where it is found once it is installed.
        var endpoint: String?
        /// Without one it is registered when its command has succeeded.
        var check: ComponentCheck?
    }

    var components: [Component]

    private static let most = 1000

    /// - Throws: `invalid_payload` with every field error.
    init(parsing bytes: [UInt8]) throws(RecipeFailure) {
        let reader = PayloadReader()
        let root = try reader.root(bytes, keys: ["components"])
        if !root.has("components") { root.fail("components", "is required") }
        let all = root.objects("components")
        if all.isEmpty, reader.errors.isEmpty { root.fail("components", "must name at least one component") }
        if all.count > InstallerPayload.most {
            root.fail("components", "must be at most \(InstallerPayload.most)")
        }
        var names: Set<String> = []
        components = []
        for fields in all {
            let component = Component(fields)
            if !component.name.isEmpty, !names.insert(component.name).inserted {
                fields.fail("name", "another component has this name")
            }
            components.append(component)
        }
        try reader.finish()
    }
}

extension InstallerPayload.Component {
    fileprivate init(_ fields: PayloadFields) {
        fields.expect(["name", "phase", "run", "script", "weight", "endpoint", "check"])
        name = fields.string("name")
        phase = fields.optionalString("phase") ?? "installing-\(name)"
        work = Work(fields)
        weight = fields.integer("weight", default: 1, in: 1...1_000_000)
        endpoint = fields.optionalString("endpoint")
        check = ComponentCheck(fields)
    }
}

extension InstallerPayload.Component.Work {
    fileprivate init(_ fields: PayloadFields) {
        if fields.has("run") == fields.has("script") {
            fields.fail("run", "exactly one of run and script is required")
            self = .command([])
        } else if fields.has("script") {
            self = .script(fields.text("script"))
        } else if fields.value("run")?.stringValue != nil {
            self = .script(fields.text("run"))
        } else {
            self = .command(fields.command("run"))
        }
    }

    /// The words that run it.
    func words(in context: RecipeContext, file: String) throws(RecipeFailure) -> [String] {
        switch self {
        case .command(let words): words
        case .script(let text): try context.words(running: text, file: file)
        }
    }

    /// What it is called in messages.
    var title: String {
        switch self {
        case .command(let words): words.first ?? ""
        case .script: "its script"
        }
    }
}
