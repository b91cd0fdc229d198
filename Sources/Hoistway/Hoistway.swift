/// What a Swift producer needs of Hoistway: job documents, states, times and ids.
@_exported import HoistwayModel
