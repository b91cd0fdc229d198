extension FarScript {
    /// The supervisor of an attempt, and its helpers.
    static let attempt = #"""
        trap : HUP INT TERM PIPE
        if [ "$0" = watcher ]; then
          # shellcheck disable=SC2086
          set -- $HOISTWAY_WATCHED
          supervisor=$1 limit=$2 here=$root/attempts/$3
          read -r nonce <"$here/nonce" && read -r self <"$here/self"
        else
          for field in name nonce fence guard limit grace; do read -r "${field?}" || refuse "the server's head reads more than it is told: install coreutils"; done
          self=$(identity $$) here=$root/attempts/$name
        fi

        # Whoever is not heard of for `limit` seconds is gone. What counts is when the tick was sent that came back, so
        # that nothing that lay in a buffer prolongs it.
        heard() { printf '%-15s\n' "$1" 1<>"$here/heard"; }
        fail() {
          frame "refused $(one_line "$*")"
          printf 'stop\n' >&6
          exit 1
        }
        step() { error=$("$@" 2>&1) || fail "$error"; }

        take_workspace() {
          base=$root/workspaces/$1 number=1
          step mkdir -p "${base%/*}"
          while :; do
            place=$base
            [ "$number" -eq 1 ] || place=$base.$number
            lock=${place%/*}/.${place##*/}.lock
            if ln -s "$self" "$lock" 2>/dev/null || break_lock; then break; fi
            number=$((number + 1))
            [ "$number" -le 100 ] || fail "$base: no workspace can be locked"
          done
          step mkdir -p "$place"
          printf '%s\n' "$lock" >"$here/lock" && printf '%s\n' "$place" >"$here/workspace" || fail "$here cannot be written"
        }

        # Takes the lock of a dead owner. Who dies in here leaves this number unused.
        break_lock() {
          owner=$(readlink "$lock") || return 1
          lives "$owner" && return 1
          ln -s "$self" "$lock.break" 2>/dev/null || return 1
          taken=1
          if ! lives "$(readlink "$lock")"; then
            rm -f "$lock"
            ln -s "$self" "$lock" 2>/dev/null && taken=0
          fi
          rm -f "$lock.break"
          return "$taken"
        }

        check() {
          [ -x "$here/$1" ] || fail "$1: Permission denied"
          { IFS=" $tab" read -r program _ <"$here/$1"; } 2>/dev/null
          case $program in
            '#!'?*) program=${program#??} ;;
            '#!') { IFS=" $tab" read -r _ program _ <"$here/$1"; } 2>/dev/null ;;
            *) return ;;
          esac
          [ -x "$program" ] || fail "$1: the server has no program $program, which its first line names"
        }

        pass_on() {
          rounds=0
          while [ ! -s "$here/pid" ] && [ -d "$here" ] && [ "$rounds" -lt 20 ]; do
            rounds=$((rounds + 1))
            pause
          done
          { read -r recipe <"$here/pid"; } 2>/dev/null
          signal_tree "$1"
        }

        # Carries out what comes in, until nothing comes any more.
        listen() {
          trap : HUP INT TERM PIPE
          number=1000
          while IFS=' ' read -r verb first rest; do
            case $verb in
              echo) heard "$first" ;;
              folder) step mkdir -p "$here/$rest" && step chmod "$first" "$here/$rest" ;;
              file) { : >"$here/$rest"; } 2>/dev/null || fail "$here/$rest cannot be written" ;;
              bytes)
                # Nothing runs yet that could outlive its connection.
                clock && heard "$up"
                error=$({ head -c "$first" >>"$here/$rest"; } 2>&1) || fail "$error"
                ;;
              mode) step chmod "$first" "$here/$rest" ;;
              have) if [ -x "$root/programs/$first" ]; then frame "have yes"; else frame "have no"; fi ;;
              keep)
                step mkdir -p "$root/programs"
                for old in $(ls -t "$root/programs" | tail -n +3); do rm -f "$root/programs/$old"; done
                step mv "$here/program" "$root/programs/$first"
                ;;
              workspace) take_workspace "$first" ;;
              check) check "$rest" ;;
              ready) frame ready ;;
              go) if clock && [ $((up - first)) -lt "$limit" ]; then printf 'go\n' >&6; else fail "it began too late"; fi ;;
              signal) pass_on "$first" ;;
              cleanup)
                number=$((number + 1))
                head -c "$first" >"$here/cleanup"
                if [ "$(wc -c <"$here/cleanup")" -eq "$first" ]; then mv "$here/cleanup" "$here/cleanup.$number"; fi
                ;;
            esac
          done
          end_now
        }

        supervised() { read -r _ _ _ parent _ </proc/self/stat && [ "$parent" = "$supervisor" ]; }

        # Ends the attempt without its near side. The supervisor tidies up, or the watcher where there is none.
        end_now() {
          clock
          begun=$up
          while [ -d "$here" ]; do
            # Nothing begins any more. What has begun has told its number by now.
            rm -f "$here/launch"
            { read -r recipe <"$here/pid"; } 2>/dev/null
            if supervised; then
              kill -s USR1 "$supervisor"
              printf 'stop\n' >&6
            fi
            [ -e "$here/ended" ] || signal_tree KILL
            clock
            if ! supervised || [ $((up - begun)) -ge 10 ] && [ ! -e "$here/ended" ]; then
              supervised && kill -s KILL "$supervisor"
              exec >/dev/null 2>&1
              empty_tree
              : >"$here/ended"
              clean_up
              discard
            fi
            pause
          done
          dismiss
        }

        # Ends the helpers, also one that is stuck, and this process last.
        dismiss() {
          if supervised; then kill -s KILL "$supervisor"; fi
          me=$(exec /bin/sh -c 'echo $PPID')
          for pid in $(carriers "$mark"); do [ "$pid" = "$me" ] || kill -s KILL "$pid" 2>/dev/null; done
          exit 1
        }

        watch() {
          trap : HUP INT TERM PIPE
          clock
          last=$up
          while :; do
            sleep 1
            clock
            value=
            { read -r value _ <"$here/heard"; } 2>/dev/null
            if [ -n "$value" ] && [ "$value" -gt "$last" ]; then last=$value; fi
            if ! supervised || [ -e "$here/end" ] || [ $((up - last)) -ge "$limit" ]; then end_now; fi
          done
        }

        tick() {
          trap : HUP INT TERM PIPE
          while :; do
            clock
            frame "tick $up"
            kill -s 0 "$watcher" 2>/dev/null || end_now
            sleep 1
          done
        }

        # Ends what the recipe left behind, and says what that is.
        end_leftovers() {
          list=$(members)
          [ -n "$list" ] || return
          pause
          list=$(members)
          [ -n "$list" ] || return
          for pid in $list; do
            echo "process $pid was left behind and is ended: $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")" >&2
          done
          signal_tree TERM
          rounds=0
          while [ "$rounds" -lt $((grace * 10)) ] && [ -z "$over" ]; do
            list=$(members)
            [ -n "$list" ] || return
            rounds=$((rounds + 1))
            pause
          done
        }

        if [ "$0" = watcher ]; then
          exec 5<&-
          watch
        fi

        error=$(mkdir -p "$root/attempts" "$root/workspaces" 2>&1 && mkdir "$here" 2>&1) || refuse "$error"
        {
          printf '%s\n' "$guard" >"$here/guard" && printf '%s\n' "$nonce" >"$here/nonce" &&
            printf '%s\n' "$mark" >"$here/mark" && printf '%s\n' "$fence" >"$here/fence" &&
            printf '%s\n' "$up" >"$here/heard" && printf '%s\n' "$self" >"$here/self" &&
            mkdir "$here/work" "$here/tmp" && mkfifo "$here/orders"
        } 2>/dev/null || { rm -rf "$here"; refuse "$here cannot be written; is the disk full?"; }

        exec 5<&0 </dev/null 6<>"$here/orders"
        trap 'over=1; exec >/dev/null 2>&1' USR1
        # In a session of its own: who ends that of the connection does not end it, or nobody would end the recipe.
        if [ -n "$launcher" ]; then
          HOISTWAY_WATCHED="$$ $limit $name" "$launcher" /bin/sh -c "$1" watcher &
        else
          watch &
        fi
        watcher=$!
        listen <&5 &
        exec 5<&-
        tick &

        # What a former attempt left here ends first; a newer one is let be.
        for other in "$root"/attempts/*; do
          if [ "$other" = "$here" ] || [ ! -s "$other/self" ]; then continue; fi
          value='' key='' rank=''
          read -r value <"$other/self"
          read -r key <"$other/guard"
          read -r rank <"$other/fence"
          if [ "$key" = "$guard" ]; then
            if [ "$rank" -gt "$fence" ]; then
              frame "refused a newer attempt is there already"
              over=1
            else
              end_other "$other"
            fi
          elif ! lives "$value"; then
            end_other "$other"
          fi
        done 2>/dev/null

        order=
        [ -n "$over" ] || read -r order <&6
        code=
        if [ "$order" = go ] && [ -z "$over" ]; then
          (
            cd "$here/work" && umask "$login_mask" &&
              bare ${launcher:+"$launcher"} /bin/sh -c '
                printf "%s\n" "$$" >"$1/pid" || exit 126
                read -r mark <"$1/mark"
                printf "\036%s recipe %s\n" "$mark" "$$"
                unset mark
                . "$1/environment"
                . "$1/launch"' sh "$here" "$root" <"$here/payload.json" 6<&-
          )
          code=$?
          read -r recipe <"$here/pid"
          [ -n "$over" ] || end_leftovers
          empty_tree
        fi
        : >"$here/ended"
        [ -z "$code" ] || clean_up
        discard
        me=$$
        for pid in $(carriers "$mark"); do [ "$pid" = "$me" ] || kill -s KILL "$pid" 2>/dev/null; done
        [ -z "$code" ] || frame "exit $code"
        exit 0
        """#
}
