import Glibc
import Supervision

/// Whom recipes run as.
struct RecipeUser: Sendable {
    /// `nil` when recipes run as the worker itself.
    var credentials: Launch.User?
    /// `HOME`, `USER`, `LOGNAME` and `SHELL`.
    var variables: [(String, String)]

    /// The variables of the user that this process runs as.
    let ownVariables: [(String, String)]

    /// - Parameter name: of the user, `nil` for the worker's own.
    /// - Throws: `WorkerError` when there is no such user, or the worker may not become it.
    init(named name: String?) throws(WorkerError) {
        ownVariables = RecipeUser.variables(of: getpwuid(geteuid()))
        let entry = name.map { getpwnam($0) } ?? getpwuid(geteuid())
        guard let entry else {
            guard let name else {
                variables = RecipeUser.variables(of: nil)
                return
            }
            throw WorkerError("worker.user: there is no user \"\(name)\" on this host")
        }
        let user = entry.pointee
        let login = String(cString: user.pw_name)
        variables = RecipeUser.variables(of: entry)
        guard user.pw_uid != geteuid() else { return }
        guard geteuid() == 0 else {
            throw WorkerError("worker.user: only a worker that is started as root can run recipes as \"\(login)\"")
        }
        var count: Int32 = 256
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(login, user.pw_gid, &groups, &count) >= 0 else {
            throw WorkerError("worker.user: \"\(login)\" is in too many groups")
        }
        credentials = Launch.User(uid: user.pw_uid, gid: user.pw_gid, groups: Array(groups[..<Int(count)]))
    }

    private static func variables(of entry: UnsafeMutablePointer<passwd>?) -> [(String, String)] {
        guard let user = entry?.pointee else { return [("HOME", "/"), ("SHELL", "/bin/sh")] }
        let login = String(cString: user.pw_name)
        return [
            ("HOME", String(cString: user.pw_dir)), ("USER", login), ("LOGNAME", login),
            ("SHELL", String(cString: user.pw_shell)),
        ]
    }
}
