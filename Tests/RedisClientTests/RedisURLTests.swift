import RedisClient
import Testing

@Suite struct RedisURLTests {
    @Test(arguments: [
        ("redis://localhost", RedisURL(.tcp(host: "localhost", port: 6379))),
        ("REDIS://10.0.0.1:7000/3", RedisURL(.tcp(host: "10.0.0.1", port: 7000), database: 3)),
        ("redis://[::1]:7000/", RedisURL(.tcp(host: "::1", port: 7000))),
        ("redis://h?db=2", RedisURL(.tcp(host: "h", port: 6379), database: 2)),
        ("redis://:s%40c%3Aret@h", RedisURL(.tcp(host: "h", port: 6379), password: "s@c:ret")),
        ("redis://u%20x:a:b@h/1", RedisURL(.tcp(host: "h", port: 6379), username: "u x", password: "a:b", database: 1)),
        ("unix:///run/redis%20a.sock?db=4", RedisURL(.unix(path: "/run/redis a.sock"), database: 4)),
        ("rediss://h:1/2", RedisURL(.tcp(host: "h", port: 1), database: 2, tls: RedisURL.TLS())),
        (
            "rediss://u:p@h?ca=/a%20b/ca.pem&cert=c&key=k",
            RedisURL(
                .tcp(host: "h", port: 6379),
                username: "u",
                password: "p",
                tls: RedisURL.TLS(authorities: "/a b/ca.pem", certificate: "c", key: "k")
            )
        ),
        ("redis+unix://u:p@/run/r.sock", RedisURL(.unix(path: "/run/r.sock"), username: "u", password: "p")),
    ])
    func readsWhatItMeans(_ text: String, _ url: RedisURL) throws {
        #expect(try RedisURL(text) == url)
    }

    @Test func readsSentinels() throws {
        let all = [
            RedisURL.Address.tcp(host: "h1", port: 26379), .tcp(host: "::1", port: 7), .tcp(host: "h3", port: 26379),
        ]
        let url = try RedisURL("redis+sentinel://u:p@h1,[::1]:7,h3:26379/my%20master?db=2&sentinelPassword=s%26p")
        #expect(url.sentinels == RedisURL.Sentinels(all, master: "my master", password: "s&p"))
        #expect(url.username == "u" && url.password == "p" && url.database == 2 && url.tls == nil)
        let tls = try RedisURL("rediss+sentinel://h1/m?sentinelUser=a&sentinelPassword=b&ca=c")
        #expect(tls.tls?.authorities == "c")
        #expect(tls.sentinels == RedisURL.Sentinels([all[0]], master: "m", username: "a", password: "b"))
    }

    @Test(arguments: [
        ("localhost:6379", "no scheme"),
        ("http://h", "scheme is none of"),
        ("rediss://h?cert=c", "go together"),
        ("redis://h?ca=c", "query"),
        ("rediss://h?ca=a&ca=b", "query"),
        ("redis+sentinel://h1,h2", "master"),
        ("redis+sentinel://h1,,h2/m", "names no host"),
        ("redis+sentinel://h1/m/2", "master"),
        ("redis+sentinel://h1/m?sentinelUser=u", "sentinelPassword"),
        ("redis+sentinel://h1/m?ca=c", "query"),
        ("redis://", "names no host"),
        ("redis://h:99999", "port"),
        ("redis://h:x", "port"),
        ("redis://[::1", "']'"),
        ("redis://h/x", "database"),
        ("redis://h/-1", "database"),
        ("redis://h/1?db=1", "twice"),
        ("redis://h?tls=1", "query"),
        ("redis://user@h", "user without a password"),
        ("redis://:%4@h", "hexadecimal"),
        ("redis://:%ff@h", "UTF-8"),
        ("unix://path", "absolute"),
        ("unix:///", "107 bytes"),
        ("redis://:a#b@h", "%23"),
    ])
    func saysWhatIsWrong(_ text: String, _ reason: String) throws {
        let error = try #require(throws: RedisError.self) { try RedisURL(text) }
        #expect(error.code == .invalidURL)
        #expect(error.description.contains(reason))
    }

    @Test func neverShowsThePassword() throws {
        let url = try RedisURL("redis://user:hunter2@h:1/2")
        #expect(url.description == "redis://user:***@h:1/2")
        let sentinel = try RedisURL("redis+sentinel://:hunter2@h/m?sentinelPassword=hunter2")
        #expect(sentinel.description == "redis+sentinel://:***@h:26379/m?sentinelPassword=***")
        var dumped = ""
        dump(url, to: &dumped)
        dump(sentinel, to: &dumped)
        for text in ["\(url)", String(reflecting: url), String(reflecting: sentinel), dumped] {
            #expect(!text.contains("hunter2"))
        }
        let error = try #require(throws: RedisError.self) { try RedisURL("redis://user:hunter2@h:x") }
        #expect(!"\(error) \(String(reflecting: error))".contains("hunter2"))
    }

    @Test(arguments: [
        "redis://h:1/2", "redis://[::1]:6379/0", "unix:///r.sock?db=3", "rediss://h:1/0?ca=a&cert=b&key=c",
        "redis+sentinel://h:1,[::1]:2/m?db=3", "rediss+sentinel://h:1/m?ca=a",
    ])
    func isDescribedAsItWasWritten(_ text: String) throws {
        #expect(try RedisURL(text).description == text)
    }
}
