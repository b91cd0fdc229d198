import CLinux

@main
struct Main {
    static func main() {
        guard hw_argument_count() == 2, let word = hw_argument(1), Bytes(c: word).equals("launcher") else {
            _ = writeAll(2, Bytes("hoistway-monitor is started by hoistway worker\n"))
            hw_exit(64)
        }
        hw_disable_core_files()
        hw_close_all_from(3, -1, -1)
        var launcher = Launcher()
        launcher.run()
        hw_exit(0)
    }
}
