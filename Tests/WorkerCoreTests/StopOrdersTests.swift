import HoistwayModel
import Testing

@testable import WorkerCore

/// What signals and commands amount to.
@Suite(.timeLimit(.minutes(1)))
struct StopOrdersTests {
    /// The next orders, in their order.
    private func take(_ count: Int, of orders: StopOrders) async -> [StopOrders.Order] {
        var taken: [StopOrders.Order] = []
        for await order in orders.stream {
            taken.append(order)
            if taken.count == count { break }
        }
        return taken
    }

    @Test func signalsGrowSharper() async {
        let orders = StopOrders()
        for count in 1...3 { orders.signalled(count, .detach) }
        #expect(await take(3, of: orders) == [.detach, .kill, .leave])
    }

    @Test func firstSignalAfterACommandKillsNothing() async {
        let orders = StopOrders()
        orders.request(.drain)
        orders.signalled(1, .detach)
        orders.signalled(2, .detach)
        #expect(await take(3, of: orders) == [.drain, .detach, .kill])
    }

    @Test func repeatedCommandIsOneOrder() async {
        let orders = StopOrders()
        #expect(!orders.isStopping)
        for _ in 1...3 { orders.request(.drain) }
        orders.signalled(2, .drain)
        #expect(orders.isStopping)
        #expect(await take(2, of: orders) == [.drain, .kill])
    }
}
