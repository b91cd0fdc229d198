import Hoistway
import RedisClient

extension Patience {
    /// Bears an outage of a minute and tells of it.
    init(console: Console) {
        self.init(limit: .seconds(60)) { notice in
            switch notice {
            case .lost: console.note("hoistway: the connection to Redis was lost; trying again")
            case .recovered: console.note("hoistway: Redis answers again")
            }
        }
    }
}
