import Commands
import Glibc

exit(await HoistwayMain.run(Array(CommandLine.arguments.dropFirst())))
