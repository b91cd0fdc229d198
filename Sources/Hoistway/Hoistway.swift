/// What a Swift producer needs of Hoistway: the client, job documents, states, times and ids.
@_exported import HoistwayModel
