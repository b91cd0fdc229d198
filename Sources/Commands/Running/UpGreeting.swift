import RedisClient

/// What `up` says once it takes jobs.
struct UpGreeting: Sendable {
    var data: String
    var redis: RedisURL
    var slots: Int
    /// Whether other commands find this Redis by themselves.
    var isUsual: Bool

    /// - Parameters:
    ///   - api: where it listens.
    ///   - login: a link that logs a browser in; `nil` where nobody needs to.
    func lines(worker: String, api: String, login: String?) -> [String] {
        var fields = Fields()
        fields.add("data", data)
        fields.add(
            "redis",
            "redis://\(redis.address)/\(redis.database), with its password in \(RedisURLFile.path(in: data))"
        )
        fields.add("worker", "\(worker), \(slots) slots")
        fields.add("api", "\(api), with a token of \"hoistway token create\"")
        if let login { fields.add("login", "\(login) (once, within 15 minutes)") }
        let option = isUsual ? "" : " --redis \"$(cat \(RedisURLFile.path(in: data)))\""
        return ["Hoistway is up."] + fields.lines.map { "  \($0)" } + [
            "In another terminal:",
            "  hoistway\(option) enqueue schedule hello --set 'script=echo hello' --follow",
        ]
    }
}
