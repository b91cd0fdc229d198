import CLinux

/// The folder that is kept per resource, locked for as long as this process lives.
struct Workspace {
    private static let most = 1000

    var path: Bytes

    /// Takes the base folder, or the first numbered one that no other attempt holds. Nil, and `error` set, when none
    /// can be made.
    ///
    /// All workspaces of a folder share one file of locks, in which each has a byte: its lock takes no file of its own, and
    /// recipes may lock the workspace itself as they like.
    init?(base: Bytes, uid: Int64, gid: Int64, error: inout Int32) {
        guard let slash = base.lastIndex(of: UInt8(ascii: "/")) else {
            error = hw_enoent()
            return nil
        }
        let locks = hw_open_create(-1, (base[...slash] + Bytes(".locks")).c, 0)
        guard locks >= 0 else {
            error = -locks
            return nil
        }
        for number in 1...Self.most {
            var path = base
            if number > 1 {
                path.append(UInt8(ascii: "."))
                path.append(decimal: Int64(number))
            }
            guard hw_lock_byte(locks, Self.byte(of: path)) == 0 else { continue }
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

    /// The FNV-1a digest of the path (isthe.com/chongo/tech/comp/fnv), cut to what is an offset. Two paths with the same
    /// digest would only take turns.
    private static func byte(of path: Bytes) -> Int64 {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int64(digest >> 2)
    }
}
