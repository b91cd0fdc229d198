import CLinux

/// The folder that is kept per resource, locked for as long as this process lives.
struct Workspace {
    private static let most = 1000

    var path: Bytes

    /// Takes the base folder, or the first numbered one that no other attempt holds. Nil, and `error` set, when none
    /// can be made.
    init?(base: Bytes, uid: Int64, gid: Int64, error: inout Int32) {
        for number in 1...Self.most {
            var path = base
            if number > 1 {
                path.append(UInt8(ascii: "."))
                path.append(decimal: Int64(number))
            }
            let lock = hw_open_create(-1, (path + Bytes(".lock")).c, 0)
            guard lock >= 0 else {
                error = -lock
                return nil
            }
            guard hw_lock(lock) == 0 else {
                _ = hw_close(lock)
                continue
            }
            let made = hw_make_directory(path.c, 0o755)
            guard made == 0 || made == -hw_eexist() else {
                error = -made
                return nil
            }
            if made == 0, uid >= 0 || gid >= 0 { _ = hw_change_owner(path.c, uid, gid) }
            self.path = path
            return
        }
        error = hw_eagain()
        return nil
    }
}
