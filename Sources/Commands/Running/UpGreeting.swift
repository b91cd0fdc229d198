import RedisClient

/// What `up` says once it takes jobs.
struct UpGreeting: Sendable {
    var data: String
    var redis: RedisURL
    var slots: Int
    /// Whether other commands find this Redis by themselves.
    var isUsual: Bool

    func lines(worker: String, api: String) -> [String] {
        var fields = Fields()
        fields.add("data", data)
        fields.add(
            "redis",
            "redis://\(redis.address)/\(redis.database), with its password in \(RedisURLFile.path(in: data))"
        )
        fields.add("worker", "\(worker), \(slots) slots")
        fields.add("api", "\(api), with a token of \"hoistway token create\"")
        let option = isUsual ? "" : " --redis \"$(cat \(RedisURLFile.path(in: data)))\""
        return ["Hoistway is up."] + fields.lines.map { "  \($0)" } + [
            "In another terminal:",
            "  hoistway\(option) enqueue schedule hello --set 'script=echo hello' --follow",
        ]
    }
}
