/// What the jobs of a chaos run do.
enum ChaosRecipe {
    static let kinds = ["quick", "quick", "nap", "nap", "long", "forking", "stubborn", "flood", "failing", "later"]

    /// Every process of an attempt inherits the lock of its key: another attempt gets it only when none is left.
    static func text(folder: String) -> String {
        #"""
        exec 9>"\#(folder)/locks/$HOISTWAY_RESOURCE_ID"
        flock -n 9 && alive=0 || alive=1
        echo begin $HOISTWAY_JOB_ID $HOISTWAY_ATTEMPT $HOISTWAY_FENCE $HOISTWAY_RESOURCE_ID $alive >> \#(folder)/markers
        case $(cat "$HOISTWAY_PAYLOAD") in
        *nap*) sleep $((HOISTWAY_FENCE % 3)).$((HOISTWAY_FENCE % 7)) ;;
        *long*) for second in 1 2 3 4 5 6 7 8 9 10; do echo "second $second"; sleep 1; done ;;
        *forking*)
            (trap '' TERM HUP INT; setsid sleep 600 &)
            (setsid env -i /bin/sleep 600 </dev/null >/dev/null 2>&1 &)
            sleep 1
            ;;
        *stubborn*) trap '' TERM INT HUP; for half in $(seq 14); do sleep 0.5; done ;;
        *flood*) yes "a line of which there are very many, eighty bytes long, like those that tests use" | head -c 3000000 ;;
        *failing*) exit 1 ;;
        *later*) exit 75 ;;
        esac
        echo end $HOISTWAY_JOB_ID $HOISTWAY_ATTEMPT >> \#(folder)/markers
        """#
    }

    /// A document for the inbox.
    static func document(_ id: String, number: Int, using random: inout some RandomNumberGenerator) -> String {
        let kind = kinds.randomElement(using: &random) ?? "quick"
        let resource = Int.random(in: 0..<12, using: &random)
        var fields = [
            #""id":"\#(id)""#, #""backupId":"r\#(resource)""#, #""payload":{"kind":"\#(kind)","n":\#(number)}"#,
            #""maxAttempts":\#(Int.random(in: 1...4, using: &random))"#,
            #""backoff":{"type":"fixed","delay":0.2}"#, #""killGrace":1"#,
        ]
        switch Int.random(in: 0..<8, using: &random) {
        case 0: fields.append(#""node":"a""#)
        case 1: fields.append(#""node":"b""#)
        case 2: fields.append(#""onConflict":"supersede""#)
        case 3: fields.append(#""timeout":4"#)
        case 4: fields.append(#""delay":1.5"#)
        case 5: fields.append(#""priority":5"#)
        default: break
        }
        return "{\(fields.joined(separator: ","))}"
    }
}
