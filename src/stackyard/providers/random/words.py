"""The words that pet names are made of."""

from __future__ import annotations

from typing import Final

_ADVERBS: Final = """
    ably amply barely boldly briefly brightly calmly clearly closely coolly daily dearly deeply duly early
    easily evenly fairly famously finely firmly fondly freely fully gently gladly grandly greatly happily hardly
    highly hugely humbly ideally keenly kindly largely lately legally lightly likely lively loudly mainly merely
    mildly mostly namely nearly neatly newly nicely openly orderly partly plainly poorly possibly promptly
    properly purely quickly quietly rapidly rarely readily really rightly safely scarcely sharply simply
    slightly slowly smoothly softly solely soundly steadily strongly subtly suitably surely swiftly tightly
    truly uniquely usefully vastly vitally warmly weekly wholly widely wisely yearly
"""
_ADJECTIVES: Final = """
    able active agile alert amber ample apt balanced bold brave breezy bright brisk busy calm capable careful
    casual central cheerful chief choice civil classic clean clear clever close cool cosmic cosy crisp curious
    dashing deep direct driven eager early easy elegant enough equal exact fair famous fast fine firm fit fleet
    flexible fluent fond frank free fresh full funny game gentle genuine giving glad golden grand great handy
    happy hardy helpful honest humble ideal immense intent jolly just keen kind known large lasting leading
    light liked live lively logical loved loyal lucky mature merry mighty mild modern modest moral native neat
    new nice nimble noble normal novel open optimal patient perfect pleasant polite popular precise prime proper
    proud pure quick quiet rapid rare ready real refined relaxed rich right robust romantic safe secure sharp
    silent simple sincere skilled smart smiling smooth social solid sound special splendid stable steady still
    strong subtle suited sunny super sure sweet swift tender thorough tidy tight topical tough trusty unique
    upright useful valid vast verified vital vocal warm welcome well whole wise witty worthy
"""
_ANIMALS: Final = """
    ant ape asp badger bat bear beaver bee beetle bison boar bobcat buck bull bunny buzzard calf camel caribou
    cat chicken chipmunk clam cobra cod colt condor cougar cow coyote crab crane crayfish cricket crow cub deer
    dingo dodo doe dog dolphin donkey dory dove dragon drake duck eagle eel egret elephant elf elk emu ewe
    falcon fawn feline ferret filly finch firefly fish flea flounder fly foal fowl fox frog gannet garfish gator
    gazelle gecko gibbon giraffe glider gnat gnu goat goose gopher goshawk grouse grub gull guppy hagfish
    halibut hamster hare hawk hedgehog hen heron herring hippo hog honeybee hornet horse hound husky hyena ibex
    iguana impala insect jackal jaguar jay jennet joey kangaroo katydid killdeer kite kitten kiwi koala koi
    krill lacewing ladybird lamb lark leech lemming lemur leopard liger lion lizard llama lobster locust
    longhorn loon lynx macaque macaw mackerel magpie mako mallard mammoth manatee marlin marmoset marmot marten
    martin mastiff mayfly meerkat mink minnow mite mole mollusk mongoose monkey moose moray moth mouse mudfish
    mule mullet muskox muskrat mustang narwhal newt octopus opossum orca oriole oryx osprey ostrich otter owl ox
    oyster panda pangolin panther parakeet parrot peacock pegasus pelican penguin perch phoenix pig pigeon pika
    piranha platypus polecat pony porpoise possum prawn puma pup python quagga quail quetzal rabbit raccoon ram
    rat raven ray redbird reindeer rhino robin rooster sailfish salmon sawfish scorpion seahorse seal serval
    shark sheep shepherd shiner shrew shrimp skink skunk skylark sloth slug snail snake snapper snipe sparrow
    spider sponge squid squirrel stag stallion starfish starling stingray stork sturgeon sunbird sunfish swan
    swift tadpole tahr tapir tarpon teal termite terrapin terrier tetra thrush tick tiger titmouse toad tortoise
    toucan treefrog trout tuna turkey turtle urchin vervet viper vulture wahoo wallaby walleye walrus warthog
    wasp weasel weevil whale whippet wildcat wolf wombat woodcock worm wren yak yeti zebra
"""

ADVERBS: Final = tuple(_ADVERBS.split())
ADJECTIVES: Final = tuple(_ADJECTIVES.split())
ANIMALS: Final = tuple(_ANIMALS.split())
